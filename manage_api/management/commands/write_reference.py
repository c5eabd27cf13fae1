"""`manage.py write_reference`: the pages of the docs that follow from the code."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from manage_api.reference import all_pages


class Command(BaseCommand):
    help = "Write the pages of docs/ that follow from the declarations."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, page in all_pages().items():
            (settings.BASE_DIR / "docs" / name).write_text(page(), encoding="utf-8")
            self.stdout.write(f"docs/{name}")
