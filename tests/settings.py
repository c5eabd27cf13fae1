"""The product's own settings, made fit for tests: throw-away data, cheap passwords."""

from tests.environment import isolate

isolate()

from syteops.env import DATA_DIR  # noqa: E402
from syteops.settings import *  # noqa: E402, F403 - everything else is as in production
from syteops.settings import DATABASES, SQLITE_FILE, STATIC_ROOT, STORAGES  # noqa: E402

# A real hash takes half a second on purpose; hundreds of test people need none of that.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Pages are rendered without a collected manifest.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT.mkdir(parents=True, exist_ok=True)

# A file, as in production: in memory, threads would share one connection and its locks.
if SQLITE_FILE:
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
