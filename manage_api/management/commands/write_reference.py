from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from manage_api.reference import PAGES


class Command(BaseCommand):
    help = "Write docs/operations.md and docs/errors.md from the declarations."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, page in PAGES.items():
            (settings.BASE_DIR / "docs" / name).write_text(page(), encoding="utf-8")
            self.stdout.write(f"docs/{name}")
