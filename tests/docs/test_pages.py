"""The pages are whole: links lead somewhere, examples can be read, and nothing is left out."""

import json
import re
import shlex
import subprocess

import pytest
from django.core.management import CommandError, get_commands, load_command_class

from manage_api.errors import CODES, FIELD_CODES
from manage_api.operations import all_operations, all_scopes
from tests.docs.pages import (
    PAGES,
    anchors,
    blocks,
    commands,
    everything,
    linked,
    text_of,
    without_blocks,
)
from tests.environment import ROOT, settings_variables

OURS = ("syteops", "manage_api", "notes", "estimates")
OUR_COMMANDS = sorted(name for name, app in get_commands().items() if app.partition(".")[0] in OURS)

each_page = pytest.mark.parametrize("page", sorted(PAGES))


@each_page
def test_every_link_leads_somewhere(page: str) -> None:
    for path, anchor in linked(page):
        assert path.exists(), path
        if anchor:
            assert anchor in anchors(path), f"{path} has no #{anchor}"


@each_page
def test_every_page_is_reached_from_the_readme(page: str) -> None:
    reached, new = set(), {ROOT / "README.md"}
    while new:
        reached |= new
        names = {path.relative_to(ROOT).as_posix() for path in new}
        new = {path for name in names & set(PAGES) for path, _ in linked(name)} - reached
    assert PAGES[page] in reached


def test_every_picture_is_shown_and_small() -> None:
    shown = {path for page in PAGES for path, _ in linked(page)}
    pictures = list((ROOT / "docs" / "images").iterdir())
    assert pictures
    for picture in pictures:
        assert picture in shown
        assert picture.stat().st_size < 300_000


def test_the_readme_stays_short() -> None:
    assert len(text_of("README.md").splitlines()) <= 200


@each_page
def test_every_example_of_json_is_json(page: str) -> None:
    for block in blocks(page, "json"):
        json.loads(block)
    for command in commands(page):
        words = shlex.split(command, comments=True)
        if words[0] == "curl" and "-d" in words:
            json.loads(words[words.index("-d") + 1])


@each_page
def test_every_shell_example_is_right_for_a_posix_shell(page: str) -> None:
    script = "".join(commands(page))
    done = subprocess.run(["sh", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def manage_py_calls(page: str) -> list[list[str]]:
    """The words behind `manage.py`, in blocks and in the text."""
    spans = re.findall(r"`([^`\n]*\bmanage\.py [^`\n]+)`", without_blocks(page))
    words = [shlex.split(one, comments=True) for one in [*commands(page), *spans]]
    found = [(one, place) for one in words for place, word in enumerate(one) if "manage.py" in word]
    return [one[place + 1 :] for one, place in found if one[place].endswith("manage.py")]


@each_page
def test_every_command_that_is_told_exists_with_these_arguments(page: str) -> None:
    known = get_commands()
    for name, *arguments in filter(None, manage_py_calls(page)):
        assert name in known, f"manage.py {name}"
        if not arguments or "…" in " ".join(arguments):
            continue
        try:
            load_command_class(known[name], name).create_parser("manage.py", name).parse_args(
                arguments
            )
        except (CommandError, SystemExit) as error:
            pytest.fail(f"manage.py {name} {arguments}: {error}")


@pytest.mark.parametrize("name", OUR_COMMANDS)
def test_every_command_of_ours_is_told(name: str) -> None:
    assert f"manage.py {name}" in everything()


def test_nothing_that_callers_can_meet_is_left_out() -> None:
    names = [
        *(one.name for one in all_operations()),
        *all_scopes(),
        *CODES,
        *FIELD_CODES,
        *settings_variables(),
    ]
    text = everything()
    assert [name for name in names if f"`{name}`" not in text] == []


@each_page
def test_no_section_says_a_thing_twice(page: str) -> None:
    for section in re.split(r"^#+ ", without_blocks(page), flags=re.MULTILINE):
        first = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
        assert sorted(first) == sorted(set(first))


@each_page
def test_no_page_names_a_machine(page: str) -> None:
    """Examples are at example.com, here, or nowhere."""
    hosts = set(re.findall(r"https?://([\w.\-]+)", text_of(page)))
    told = {"127.0.0.1", "semver.org", "n8n", "ollama", "crm", "app.hubspot.com", "hooks.slack.com"}
    assert {one for one in hosts if not one.endswith(("example.com", "example"))} <= told
