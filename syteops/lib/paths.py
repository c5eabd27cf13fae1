"""Which part of the site an address belongs to."""

ADMIN_PREFIX = "/admin/"
API_PREFIXES = ("/api/", "/wp-json/")


def is_api(path: str) -> bool:
    """Whether the API answers at that path, so that errors there are problem documents."""
    return path.startswith(API_PREFIXES)


def is_for_tools(path: str) -> bool:
    """Whether tools come to that path, with a key or a token, and never a person's browser."""
    return is_api(path) or path == "/metrics"
