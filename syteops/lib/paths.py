"""Which part of the site an address belongs to."""

ADMIN_PREFIX = "/admin/"
API_PREFIXES = ("/api/", "/wp-json/")
API_ROOT = "/api/manage/v1"
DRY_RUN = "/dry-run"
"""Below it, each write of the API has an address at which it is only tried."""
OLDER_ROOT = "/wp-json/syteops/v1/manage"
"""Where tools written for the WordPress product look."""


def is_api(path: str) -> bool:
    """Whether the API answers at that path, so that errors there are problem documents."""
    return path.startswith(API_PREFIXES)


def is_dispatch(path: str) -> bool:
    """Whether dispatch answers at that path, so that errors there come in its envelope."""
    return path in _DISPATCH


def is_dry_run(path: str) -> bool:
    """Whether at that path a write is only tried, and never stored."""
    return path.startswith(f"{API_ROOT}{DRY_RUN}/")


def is_older(path: str) -> bool:
    """Whether only tools written for the WordPress product come to that path."""
    return path.startswith(f"{OLDER_ROOT}/")


_DISPATCH = frozenset((f"{API_ROOT}/dispatch", f"{OLDER_ROOT}/dispatch", f"{OLDER_ROOT}/dispatch/"))


def is_for_tools(path: str) -> bool:
    """Whether tools come to that path, with a key or a token, and never a person's browser."""
    return is_api(path) or path == "/metrics"
