"""The code of docs/clients.md is code that `make contract` runs, taken from there word for word."""

import re

import pytest

from tests.docs.pages import text_of
from tests.environment import ROOT

LIVES = ROOT / "tests" / "contract" / "clients"
SUFFIXES = {"python": ".py", "typescript": ".ts"}
BLOCKS = re.findall(r"```(python|typescript)\n(.*?)```", text_of("docs/clients.md"), re.DOTALL)


def test_there_is_code_of_both_languages() -> None:
    assert {language for language, _ in BLOCKS} == set(SUFFIXES)


@pytest.mark.parametrize(("language", "code"), BLOCKS, ids=range(len(BLOCKS)))
def test_it_is_run(language: str, code: str) -> None:
    lives = [path.read_text() for path in LIVES.glob(f"*{SUFFIXES[language]}")]
    assert any(code in life for life in lives), code
