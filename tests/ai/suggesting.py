"""How tests ask for suggestions."""

from typing import Any

from notes.models import Note
from tests.fixtures import Api
from tests.samples.suggestions import ITEMS

ROOT = "/api/manage/v1"


def answer_of(area: str) -> dict[str, Any]:
    return {"items": [ITEMS[area]]}


def suggest(api: Api, note: Note, area: str = "summary") -> str:
    """The address at which to ask about the suggestion."""
    answer = api.post(f"/notes/{note.pk}/{area}/suggest")
    assert answer.status_code == 202, answer.json()
    return str(answer.headers["Location"]).partition(ROOT)[2]
