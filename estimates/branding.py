"""How the estimates look to a client: what the module's config says of it."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from syteops.modules.queries import config_of


@dataclass(frozen=True)
class Brand:
    """Who the estimates are from, in which language they are written, and on what paper."""

    company: str
    language: str
    paper: str


def brand(config: dict[str, Any] | None = None) -> Brand:
    """By the config, or by the one that is stored."""
    config = config_of("estimates") if config is None else config
    return Brand(
        company=config["company_name"] or settings.SITE_NAME,
        language=config["language"],
        paper=config["paper"],
    )
