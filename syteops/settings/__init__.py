"""Django settings. Everything an operator may set is read from the environment here.

The table of settings is docs/settings.md; wrong values are refused at start by `checks.py`.
"""

import os
from pathlib import Path

import django

from syteops.env import BASE_DIR, DATA_DIR, env, found_secret, kept_secret, secret_path
from syteops.settings.admin import unfold_settings
from syteops.settings.databases import cache, database
from syteops.settings.logs import logging_settings
from syteops.settings.rest import REST_FRAMEWORK as REST_FRAMEWORK
from syteops.settings.rest import spectacular_settings

# --- The process ---------------------------------------------------------------------------

# What any process of SyteOps makes is for its own user alone: a database has everything in it.
os.umask(0o077)
FILE_UPLOAD_PERMISSIONS = 0o600  # Django's own would let everybody read

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or kept_secret("secret_key")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

# Proves that audit entries are ours and unaltered. Kept apart from the encryption keys, so that
# rotating those leaves the old entries verifiable. "" before there is one: `audit.chain` makes it,
# unless entries tell that there was one.
AUDIT_KEY = env.str("AUDIT_KEY", default="") or found_secret("audit_key")
AUDIT_RETENTION_DAYS = env.int("AUDIT_RETENTION_DAYS", default=0)
EVENT_RETENTION_DAYS = env.int("EVENT_RETENTION_DAYS", default=30)

# The first key encrypts, all of them decrypt. Independent of SECRET_KEY on purpose: replacing
# that one signs people out but loses no stored secret.
FIELD_ENCRYPTION_KEYS: list[str] = env.list("FIELD_ENCRYPTION_KEYS", default=[])
FIELD_ENCRYPTION_KEY_FILE = None if FIELD_ENCRYPTION_KEYS else secret_path("encryption_keys")

HOST = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
WORKERS = env.int("WORKERS", default=2)
# Whether the server keeps a worker beside it, for background tasks, and how many of each queue.
TASK_WORKER = env.bool("TASK_WORKER", default=True)
TASK_THREADS = env.int("TASK_THREADS", default=8)
# Seconds for one request, after which its worker is taken for dead and replaced.
WORKER_TIMEOUT = env.int("WORKER_TIMEOUT", default=120)
# Seconds in which the headers of a request, and then its body, must have arrived.
REQUEST_TIMEOUT = env.int("REQUEST_TIMEOUT", default=30)
_OWN_HOST = f"[{HOST}]" if ":" in HOST else HOST
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", _OWN_HOST])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# How many reverse proxies stand in front and append to X-Forwarded-For. With 0 that header is
# ignored: anybody can write it.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
HTTPS = env.bool("HTTPS", default=False)
# Under which path of a host that others share the site is reached. No header decides that:
# anybody could then choose where links lead.
SCRIPT_NAME = env.path_prefix("SCRIPT_NAME")
FORCE_SCRIPT_NAME = SCRIPT_NAME or None
# Where people and tools find the site. Else addresses follow the caller's Host.
SITE_URL = env.origin("SITE_URL")

SITE_NAME = env.str("SITE_NAME", default="SyteOps")
ENVIRONMENT = env.str("ENVIRONMENT", default="")

# --- The Manage API ------------------------------------------------------------------------

MANAGE_API_PAGE_SIZE = env.int("MANAGE_API_PAGE_SIZE", default=50)
MANAGE_API_MAX_PAGE_SIZE = env.int("MANAGE_API_MAX_PAGE_SIZE", default=200)
MANAGE_API_MAX_BODY = env.int("MANAGE_API_MAX_BODY", default=1_048_576)
MANAGE_API_READS_PER_MINUTE = env.int("MANAGE_API_READS_PER_MINUTE", default=1200)
MANAGE_API_WRITES_PER_MINUTE = env.int("MANAGE_API_WRITES_PER_MINUTE", default=600)
MANAGE_API_FAILURES_PER_MINUTE = env.int("MANAGE_API_FAILURES_PER_MINUTE", default=60)

# Seconds of a minute for which the slow calls of one caller may keep processes busy.
MANAGE_API_SECONDS_PER_MINUTE = env.int("MANAGE_API_SECONDS_PER_MINUTE", default=30)

# Seconds of a minute for which one person's pages of the admin may keep processes busy.
ADMIN_SECONDS_PER_MINUTE = env.int("ADMIN_SECONDS_PER_MINUTE", default=30)

# How long a restricted key may last; 0 is without end. And after how many minutes the page of the
# keys asks for the password again.
KEY_MAX_DAYS = env.int("KEY_MAX_DAYS", default=0)
CONFIRM_PASSWORD_MINUTES = env.int("CONFIRM_PASSWORD_MINUTES", default=15)

INACTIVE_MODULES = "syteops.modules.queries.inactive_slugs"
DATA_UPLOAD_MAX_MEMORY_SIZE = max(MANAGE_API_MAX_BODY, 1_048_576)
# An object may have 200 rows, and a form sends of each field of theirs also what it held before.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

MAX_TEAM_MEMBERS = env.int("MAX_TEAM_MEMBERS", default=999)
MAX_CRM_SYSTEMS = env.int("MAX_CRM_SYSTEMS", default=99)
MAX_PICTURE_BYTES = env.int("MAX_PICTURE_BYTES", default=5 * 1024 * 1024)
# Files stay in memory, where the body is that brings them: a disk that is full keeps no form away,
# and who is killed leaves nobody's data in /tmp. This is the most that a body has.
FILE_UPLOAD_MAX_MEMORY_SIZE = MAX_PICTURE_BYTES + DATA_UPLOAD_MAX_MEMORY_SIZE

# --- What goes out -------------------------------------------------------------------------

# Off, nothing can be pointed at this server's own network (or at the server itself) but these.
ALLOW_PRIVATE_URLS = env.bool("ALLOW_PRIVATE_URLS", default=False)
ALLOWED_PRIVATE_ORIGINS = env.origins("ALLOWED_PRIVATE_ORIGINS")

# None: this site sends no e-mail.
EMAIL_SERVER = env.email_server("EMAIL_URL")
DEFAULT_FROM_EMAIL = env.email_sender("EMAIL_FROM", default="syteops@localhost")
_MAILER = (
    f"{'syteops.core.smtp' if EMAIL_SERVER else 'django.core.mail.backends.dummy'}.EmailBackend"
)
# Django 6.1 has one setting for all of it, and warns about the former ones.
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": _MAILER, "OPTIONS": EMAIL_SERVER or {}}}
else:
    EMAIL_BACKEND = _MAILER
    if EMAIL_SERVER:
        EMAIL_HOST, EMAIL_PORT = EMAIL_SERVER["host"], EMAIL_SERVER["port"]
        EMAIL_HOST_USER = EMAIL_SERVER["username"]
        EMAIL_HOST_PASSWORD = EMAIL_SERVER["password"]
        EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL_SERVER["use_tls"], EMAIL_SERVER["use_ssl"]
        EMAIL_TIMEOUT = EMAIL_SERVER["timeout"]

# --- Applications --------------------------------------------------------------------------

# Modules are ordinary Django apps; a third-party one is installed and added to EXTRA_MODULES.
MODULES = ["notes", "estimates", *env.apps("EXTRA_MODULES")]

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "syteops.dashboard.config.AdminConfig",
    "allauth.account",  # what the next one stands on: no page of it is served
    "allauth.mfa",
    "syteops.people",  # before Django's, whose commands it replaces
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",  # its templates
    "axes",
    # Django has the tasks API itself since version 6, but no place to keep tasks in.
    *(["django_tasks"] if django.VERSION < (6,) else []),
    "django_tasks_db",
    "rest_framework",
    "drf_spectacular",
    "syteops",
    "syteops.server",
    "syteops.audit",
    "syteops.lists",
    "syteops.tasks",
    "manage_api",
    "manage_api.keys",
    "syteops.crm",
    "syteops.team",
    "syteops.roles",
    "syteops.transfer",
    "syteops.modules",
    "syteops.integrations",
    "syteops.deliveries",
    "syteops.webhooks",
    "syteops.invitations",
    "syteops.ai",
    "syteops.automation",
    "syteops.events",
    "syteops.site",
    "syteops.guides",
    "syteops.dashboard",
    *MODULES,
    "syteops.history",
]

# Calls of the API with a key take the short way from `KeyCallsLeave` to `KeyCallsEnter`.
MIDDLEWARE = [
    "syteops.server.middleware.SubPathMiddleware",
    "syteops.server.middleware.RequestIdMiddleware",
    "syteops.server.middleware.ContentSecurityPolicyMiddleware",
    "syteops.server.middleware.RefusalMiddleware",
    "syteops.server.compression.CompressionMiddleware",
    "syteops.server.middleware.CharsetMiddleware",
    "syteops.server.middleware.AliveMiddleware",
    "syteops.server.middleware.HttpsMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "syteops.server.key_calls.KeyCallsLeave",
    "syteops.server.static_files.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "syteops.people.middleware.FirstThingsMiddleware",
    "syteops.adminkit.page_budget.PageBudgetMiddleware",
    "syteops.team.middleware.OwnTimesMiddleware",
    "syteops.adminkit.refusals.AdminRefusalMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "axes.middleware.AxesMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "syteops.server.key_calls.KeyCallsEnter",
]

ROOT_URLCONF = "syteops.urls"
WSGI_APPLICATION = "syteops.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "syteops.server.templates.FilesystemLoader",
                        "syteops.server.templates.AppDirectoriesLoader",
                    ],
                )
            ],
            "builtins": [
                "syteops.adminkit.cells",
                "syteops.adminkit.errors",
                "syteops.adminkit.markup",
                "syteops.adminkit.moments",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Fields are rendered from the same templates, and so from ours where Django's are slow.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Data ----------------------------------------------------------------------------------

# Seconds that a request waits for a statement or a lock before it is answered 503.
DATABASE_TIMEOUT = env.int("DATABASE_TIMEOUT", default=15)

DATABASES = {"default": database(DATABASE_TIMEOUT)}
SQLITE_FILE = (
    Path(DATABASES["default"]["NAME"]) if "sqlite" in DATABASES["default"]["ENGINE"] else None
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHE_URL = env.server("CACHE_URL")


CACHES = {"default": cache(CACHE_URL, SECRET_KEY)}

# In the database: a task is stored in the transaction that wants it, or not at all. Each queue has
# threads of its own: what takes minutes (`slow`) keeps neither deliveries nor mails waiting.
TASKS = {
    "default": {
        "BACKEND": "django_tasks_db.DatabaseBackend",
        "QUEUES": ["default", "deliveries", "slow_deliveries", "slow"],
    }
}

MEDIA_ROOT = DATA_DIR / "uploads"
MEDIA_URL = f"{SCRIPT_NAME}/uploads/"
STATIC_URL = f"{SCRIPT_NAME}/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [
    BASE_DIR / "templates" / "static",
    ("syteops/downloads", BASE_DIR / "docs" / "downloads"),
    ("syteops/images", BASE_DIR / "docs" / "images"),
]
STORAGES = {
    "default": {"BACKEND": "syteops.core.uploads.Uploads"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- People --------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "syteops.people.lockout.OneAfterTheOther",
    "django.contrib.auth.backends.ModelBackend",
    "syteops.people.second_steps.CodeBackend",
    "syteops.people.passkeys.PasskeyBackend",
    "syteops.people.openid.OpenIdBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": name}
    for name in (
        "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "django.contrib.auth.password_validation.MinimumLengthValidator",
        "django.contrib.auth.password_validation.CommonPasswordValidator",
        "django.contrib.auth.password_validation.NumericPasswordValidator",
        "syteops.people.passwords.OneTimePasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
CSRF_FAILURE_VIEW = "syteops.people.expired_forms.form_expired"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = SCRIPT_NAME or "/"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_ENGINE = "syteops.people.sessions"
MESSAGE_STORAGE = "syteops.people.passing_messages.PassingMessages"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS and TRUSTED_PROXIES else None
SECURE_REDIRECT_EXEMPT = [rf"^{SCRIPT_NAME[1:]}/?readyz$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

AXES_HANDLER = "syteops.people.lockout.LockoutHandler"
AXES_FAILURE_LIMIT = env.int("LOGIN_FAILURE_LIMIT", default=5)
AXES_COOLOFF_TIME = env.int("LOGIN_COOLOFF_HOURS", default=1)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "syteops.core.addresses.lockout_address"
AXES_WHITELIST_CALLABLE = "syteops.people.lockout.is_nameless"
AXES_USERNAME_CALLABLE = "syteops.people.lockout.kept_name"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address"]
AXES_LOCKOUT_CALLABLE = "syteops.people.lockout.locked_out"
# Sign-ins are in our own trail, where nobody deletes them.
AXES_ENABLE_ADMIN, AXES_DISABLE_ACCESS_LOG = False, True

# A provider of OpenID Connect: who has a verified e-mail address there signs in here as its person.
OIDC_ISSUER = env.str("OIDC_ISSUER", default="")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", default="")
OIDC_NAME = env.str("OIDC_NAME", default="OpenID Connect")

# Whether whoever signs in must have a second factor beside the password.
SECOND_FACTOR = env.choice("SECOND_FACTOR", default="optional", choices=("optional", "required"))
MFA_ADAPTER = "syteops.people.factors.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_TOTP_TOLERANCE = 1  # clocks differ: the code before and the one after are good as well
MFA_RECOVERY_CODE_DIGITS = 12

# --- Language and time ---------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = env.time_zone("TIME_ZONE", default="UTC")
USE_I18N = True
USE_TZ = True

# --- Frameworks ----------------------------------------------------------------------------

SPECTACULAR_SETTINGS = spectacular_settings(SITE_URL, SCRIPT_NAME)
UNFOLD = unfold_settings(SITE_NAME)

LOG_LEVEL = env.choice(
    "LOG_LEVEL",
    default="WARNING",
    choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
)
LOGGING = logging_settings(LOG_LEVEL)
