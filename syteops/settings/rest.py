"""DRF and drf-spectacular, as the Manage API needs them."""

from typing import Any

REST_FRAMEWORK = {
    # The key's comes first, so that a key in the request decides alone; the last one rejects.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "manage_api.keys.authentication.KeyAuthentication",
        "manage_api.authentication.SessionAuthentication",
        "manage_api.keys.authentication.RejectAnonymous",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["manage_api.permissions.OperationPermission"],
    "DEFAULT_THROTTLE_CLASSES": ["manage_api.throttling.BudgetThrottle"],
    "DEFAULT_PARSER_CLASSES": ["manage_api.rendering.StrictJsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "manage_api.negotiation.Negotiation",
    "DEFAULT_RENDERER_CLASSES": ["manage_api.rendering.JsonRenderer"],
    "DEFAULT_SCHEMA_CLASS": "manage_api.openapi.schema.ManageSchema",
    "EXCEPTION_HANDLER": "manage_api.errors.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": None,
    # `?format=` is a parameter of ours, not DRF's choice of a renderer.
    "URL_FORMAT_OVERRIDE": None,
}


def spectacular_settings(site_url: str, script_name: str) -> dict[str, Any]:
    """The head of the OpenAPI document of a site at that address; "" where nobody said it."""
    site = f"{site_url}{script_name}"
    return {
        "TITLE": "SyteOps Manage API",
        "VERSION": "1.0.0",
        "OAS_VERSION": "3.1.1",
        "SERVERS": [
            {
                "url": site or "/",
                "description": "This site, in production.",
                "x-internal": False,
            }
        ],
        "CONTACT": {
            "name": "The admins of this site",
            # Tools refuse a relative one.
            **({"url": f"{site}/admin/"} if site_url else {}),
        },
        "LICENSE": {"name": "SyteOps license", "identifier": "LicenseRef-SyteOps"},
        "EXTERNAL_DOCS": {
            "description": "The same to read and to try.",
            "url": f"{site}/api/manage/v1/docs",
        }
        if site_url
        else {},
        "SCHEMA_PATH_PREFIX": r"/api/manage/v1",
        "SERVE_PUBLIC": True,
        "COMPONENT_SPLIT_REQUEST": True,
        "COMPONENT_NO_READ_ONLY_REQUIRED": False,
        "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
        "PREPROCESSING_HOOKS": ["manage_api.openapi.document.only_manage_api"],
        "POSTPROCESSING_HOOKS": [
            "syteops.events.openapi.add_webhooks",
            "manage_api.openapi.document.finish_document",
        ],
    }
