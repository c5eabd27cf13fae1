"""The commands on the pages are typed for real, so that they cannot rot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import web
from tests.docs.live import Site
from tests.docs.pages import PAGES, commands, titled_blocks
from tests.processes import manage

pytestmark = [pytest.mark.slow, pytest.mark.sqlite_only]


def ask(site: Site, method: str, path: str, body: Any = None) -> Any:
    answer = web.request(
        method, f"{site.url}/api/manage/v1{path}", json=body, headers={"X-API-Key": site.key}
    )
    assert answer.is_success, answer.text
    return answer.json()


def events_of(site: Site, resource: str) -> list[tuple[str, str, str]]:
    """Event, door and name of each audit entry, oldest first."""
    entries = ask(site, "GET", f"/audit?resource={resource}")["entries"]
    return [(one["event"], one["door"], one["object_label"]) for one in reversed(entries)]


def test_the_way_in_the_readme_leads_from_the_key_to_every_kind_of_change(
    site: Site, tmp_path: Path
) -> None:
    there = ask(site, "POST", "/crm-systems", {"name": "Of the demo"})["crm_num"]

    ran = site.run("README.md", tmp_path)

    manifest = {f"{one['resource']}.{one['action']}" for one in ran[0].json["data"]}
    assert {"crm.list", "crm.create", "crm.delete"} <= manifest
    left = ask(site, "GET", "/crm-systems")["crms"]
    assert [(one["crm_num"], one["name"]) for one in left] == [(there, "Of the demo")]
    ask(site, "DELETE", f"/crm-systems/{there}?confirm=true")
    assert events_of(site, "crm")[-7:-1] == [
        ("crm_system.created", "rest", "HubSpot"),
        ("crm_system.updated", "rest", "HubSpot EU"),
        ("crm_system.deleted", "rest", "HubSpot EU"),
        ("crm_system.created", "dispatch", "Zoho"),
        ("crm_system.updated", "dispatch", "Zoho EU"),
        ("crm_system.deleted", "dispatch", "Zoho EU"),
    ]


def test_the_examples_of_using_the_api_work(site: Site, tmp_path: Path) -> None:
    ask(site, "POST", "/crm-systems", {"name": "HubSpot"})

    assert site.run("docs/api.md", tmp_path)

    left = ask(site, "GET", "/crm-systems")["crms"]
    assert [(one["crm_num"], one["name"]) for one in left] == [("001", "HubSpot"), ("003", "Zoho")]
    for one in left:
        ask(site, "DELETE", f"/crm-systems/{one['crm_num']}?confirm=true")


def test_the_examples_of_reading_and_writing_variables_work(site: Site, tmp_path: Path) -> None:
    assert site.run("docs/variables.md", tmp_path)

    found = ask(site, "GET", "/variables?source=api")["variables"]
    assert {one["name"]: one["current_value"] for one in found} == {
        "syteops_api_plan": "gold",
        "syteops_api_season": "winter",
    }


def test_the_example_of_erasing_a_person_tells_what_would_go(site: Site, tmp_path: Path) -> None:
    made = ask(site, "POST", "/team-members", {"first_name": "Ada"})
    assert made["id"] == 1, "the page erases this one"

    *_, refused = site.run("docs/running.md", tmp_path)

    assert refused.json["impact"]["id"] == 1
    assert ask(site, "GET", f"/team-members/{made['user_num']}") == made


ON_THEIR_OWN = {
    "README.md",
    "docs/api.md",
    "docs/modules.md",
    "docs/running.md",
    "docs/variables.md",
}
OTHERS = sorted(
    page
    for page in set(PAGES) - ON_THEIR_OWN
    if any("curl " in command for command in commands(page))
)


@pytest.mark.parametrize("page", OTHERS)
def test_the_other_examples_work(site: Site, tmp_path: Path, page: str) -> None:
    assert site.run(page, tmp_path)


def test_the_module_on_its_page_is_installed_in_one_setting_and_does_what_is_told(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    packages, data_dir = tmp_path / "packages", tmp_path / "var"
    packages.mkdir()
    started = manage("startmodule", "bookmarks", f"--directory={packages}", data_dir=data_dir)
    assert started.returncode == 0, started.stderr
    files = titled_blocks("docs/modules.md")
    assert "bookmarks/api.py" in files
    for name, text in files.items():
        assert (packages / name).read_text(encoding="utf-8") == text, name
    setting = {"EXTRA_MODULES": "bookmarks", "PYTHONPATH": str(packages)}

    with serve(data_dir, **setting) as site:
        ran = site.run("docs/modules.md", tmp_path)

        assert ran[0].json == {"id": 1, "name": "Status page", "url": "https://status.example.com"}
        assert events_of(site, "bookmarks") == [
            ("bookmark.created", "rest", "Status page"),
            ("bookmark.updated", "dispatch", "Status"),
            ("bookmarks.refused", "rest", ""),
            ("bookmark.deleted", "rest", "Status"),
        ]
        made = ask(site, "POST", "/bookmarks", {"name": "Docs", "url": "https://docs.example.com"})
        address = f"/bookmarks/{made['id']}"
        ask(site, "PATCH", address, {"name": "Handbook"})
        newest = ask(site, "GET", "/audit?resource=bookmarks")["entries"][0]
        ask(site, "POST", f"/audit/{newest['id']}/revert?confirm=true")
        assert ask(site, "GET", address) == made
