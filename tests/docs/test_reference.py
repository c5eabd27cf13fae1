import pytest
from django.conf import settings

from manage_api.reference import Page, all_pages


@pytest.mark.parametrize(("name", "page"), all_pages().items())
def test_the_committed_page_is_what_the_declarations_say(name: str, page: Page) -> None:
    written = (settings.BASE_DIR / "docs" / name).read_text(encoding="utf-8")

    assert written == page(), "run manage.py write_reference"
