"""How the estimates look to a client: what the module's config says of it."""

import base64
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from babel.core import Locale, UnknownLocaleError
from django.conf import settings
from django.utils.safestring import SafeString

from syteops.lib.colours import Colour, readable
from syteops.modules.queries import config_of

LIGHT = (Colour.of("#ffffff"), Colour.of("#f4f5f6"))
DARK = (Colour.of("#1c1f22"), Colour.of("#121416"))
"""The grounds of the client's page, sheet and around it, as in client.css."""


@dataclass(frozen=True)
class Brand:
    """Who an estimate is from, in which language it is written, and on what paper."""

    company: str
    logo: str
    accent: str
    language: str
    paper: str

    @property
    def is_right_to_left(self) -> bool:
        """Whether the language is written so."""
        try:
            return Locale.parse(self.language, sep="-").text_direction == "rtl"
        except (UnknownLocaleError, ValueError):
            return False

    @cached_property
    def style(self) -> str:
        """The page's own colours, as a style sheet; "" for the usual ones."""
        if not self.accent:
            return ""
        accent = Colour.of(self.accent)
        light, dark = readable(accent, *LIGHT), readable(accent, *DARK)
        return SafeString(
            f":root{{--accent:{light}}}"
            f"@media screen and (prefers-color-scheme:dark){{:root{{--accent:{dark}}}}}"
        )

    @property
    def policy(self) -> str:
        """The Content-Security-Policy of a page: nothing but our own style, and the logo."""
        digest = base64.b64encode(hashlib.sha256(self.style.encode()).digest()).decode()
        own = f" 'sha256-{digest}'" if self.style else ""
        logo = " img-src data:;" if self.logo else ""
        return (
            f"default-src 'none'; style-src 'self'{own};{logo} form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        )


def brand(config: dict[str, Any] | None = None, language: str = "") -> Brand:
    """By the config given, or else the one that is stored; in that language, or the usual one."""
    config = config_of("estimates") if config is None else config
    return Brand(
        company=config["company_name"] or settings.SITE_NAME,
        logo=config["logo"],
        accent=config["accent_color"],
        language=language or config["language"],
        paper=config["paper"],
    )
