"""The bare views': no middleware, no app but the tables', and SQLite opened as SyteOps opens it."""

from benchmarks.stock.settings import *  # noqa: F403 - the same but for what follows
from benchmarks.stock.settings import DATABASES
from syteops.settings.databases import database

MIDDLEWARE: list[str] = []
ROOT_URLCONF = "benchmarks.stock.bare"
DATABASES["default"]["CONN_MAX_AGE"] = None
if "sqlite" in DATABASES["default"]["ENGINE"]:
    DATABASES["default"]["OPTIONS"] = database(timeout=15)["OPTIONS"]
