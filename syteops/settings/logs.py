"""What goes into the log, and how."""

from typing import Any


def logging_settings(level: str) -> dict[str, Any]:
    """One line for each entry of that level and above, on standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "request_id": {"()": "syteops.server.logs.RequestIdFilter"},
            "secret_address": {"()": "syteops.server.logs.SecretAddressFilter"},
            "one_line": {"()": "syteops.server.logs.OneLineFilter"},
            "bounded": {"()": "syteops.server.logs.BoundedFilter"},
            "said_already": {"()": "syteops.server.logs.SaidAlreadyFilter"},
        },
        "formatters": {
            "line": {
                "format": "{asctime} {levelname} {name} [{request_id}] {message}",
                "style": "{",
            }
        },
        "handlers": {
            "stderr": {
                "class": "syteops.server.logs.LineHandler",
                "filters": ["request_id", "secret_address", "one_line", "bounded"],
                "formatter": "line",
            }
        },
        # Django logs every 4xx as a warning; the audit trail keeps the refusals that matter.
        "loggers": {
            "django.request": {"level": "ERROR", "filters": ["said_already"]},
            # It logs the addresses that it calls, and the address of a workflow is a secret.
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
        },
        "root": {"handlers": ["stderr"], "level": level},
    }
