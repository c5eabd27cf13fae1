"""Static files are collected when they changed, and only then."""

from pathlib import Path

import pytest
from pytest_django import Settings

from syteops.server.static_files import collect_if_stale


@pytest.fixture
def source(settings: Settings, tmp_path: Path) -> Path:
    """The only static file of a site that has no apps with any."""
    settings.STATIC_ROOT = tmp_path / "collected"
    settings.STATICFILES_DIRS = [tmp_path / "source"]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    file = tmp_path / "source" / "site.css"
    file.parent.mkdir()
    file.write_text("a {}")
    return file


def test_the_first_time_they_are_collected(source: Path, tmp_path: Path) -> None:
    assert collect_if_stale()
    assert (tmp_path / "collected" / "site.css").read_text() == "a {}"


@pytest.mark.usefixtures("source")
def test_the_second_time_nothing_happens() -> None:
    assert collect_if_stale()
    assert not collect_if_stale()


def test_a_changed_file_is_collected_again(source: Path, tmp_path: Path) -> None:
    collect_if_stale()
    source.write_text("b {}   ")
    assert collect_if_stale()
    assert (tmp_path / "collected" / "site.css").read_text() == "b {}   "


def test_another_way_of_storing_them_collects_again(source: Path, settings: Settings) -> None:
    collect_if_stale()
    backend = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}
    assert collect_if_stale()
