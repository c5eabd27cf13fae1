"""The pinned requirements install the same everywhere, from whatever index pip is told to use."""

import json
import re

import pytest

from tests.environment import ROOT

FILES = sorted((ROOT / "requirements").glob("*.txt"))
NODE = ROOT / "tests" / "contract" / "package-lock.json"


@pytest.mark.parametrize("file", [file.name for file in FILES])
def test_every_package_is_pinned_and_hashed(file: str) -> None:
    text = (ROOT / "requirements" / file).read_text(encoding="utf-8")
    packages = re.findall(r"^[a-z0-9].*(?:\n    .*)*", text, re.MULTILINE)
    assert packages
    loose = [one.splitlines()[0] for one in packages if "==" not in one or "--hash" not in one]
    assert loose == []


@pytest.mark.parametrize("file", [file.name for file in FILES])
def test_no_address_and_no_path_of_the_machine_that_wrote_it(file: str) -> None:
    text = (ROOT / "requirements" / file).read_text(encoding="utf-8")
    assert re.findall(r"://|--(?:extra-)?index-url|--find-links|^ *# via .*/.*", text) == []


def test_what_runs_is_tested_and_measured_in_the_same_version() -> None:
    runs, tested, measured = (
        set(re.findall(r"^[a-z0-9][^ ]*==[^ ]+", (ROOT / "requirements" / file).read_text(), re.M))
        for file in ("run.txt", "dev.txt", "bench.txt")
    )
    assert runs <= tested
    assert runs <= measured


def test_every_package_of_the_checkers_that_need_node_is_hashed_and_has_no_address() -> None:
    packages = json.loads(NODE.read_text(encoding="utf-8"))["packages"]
    wanted = packages.pop("")["devDependencies"]

    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    # What lies inside another package is hashed with it.
    own = [one for one in packages.values() if not one.get("inBundle")]
    assert all(one["integrity"].startswith("sha512-") for one in own)
    assert [name for name, one in packages.items() if "resolved" in one] == []
