"""Static files are collected when they changed, and only then."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from syteops.server.static_files import StaticFilesMiddleware, collect_if_stale


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


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir])
def test_what_is_no_file_among_them_is_made_again(
    settings: Settings, tmp_path: Path, make: Callable[[Path], object]
) -> None:
    backend = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}
    collect_if_stale()
    for file in list((tmp_path / "collected").iterdir()):
        file.unlink()
        make(file)
        settings.STORAGES = {**settings.STORAGES}  # a new process reads the list anew
        # Of that only its hashed copy is served.
        assert collect_if_stale() == (make is os.mkfifo or file.name != "site.css")
    assert not collect_if_stale()


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("nowhere")])
def test_what_cannot_be_served_among_them_is_taken_away(
    settings: Settings, tmp_path: Path, make: Callable[[Path], object]
) -> None:
    """The server ended with a traceback, and `setup` said that all is set up."""
    backend = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}
    settings.WHITENOISE_AUTOREFRESH = False
    collect_if_stale()
    make(tmp_path / "collected" / "stray")
    settings.STORAGES = {**settings.STORAGES}
    assert collect_if_stale()
    assert not collect_if_stale()
    StaticFilesMiddleware(lambda request: HttpResponse(status=404))


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize("content", [None, b"", b"[]", b"\0" * 9])
def test_a_list_of_them_that_a_power_cut_has_spoilt_is_made_again(
    settings: Settings, tmp_path: Path, content: bytes | None
) -> None:
    """Without one each page was a 500; with half of one nothing started, nor could it be mended."""
    backend = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}
    collect_if_stale()
    manifest = tmp_path / "collected" / "staticfiles.json"
    manifest.unlink()
    if content is not None:
        manifest.write_bytes(content)
    settings.STORAGES = {**settings.STORAGES}  # a new process reads the list anew
    assert collect_if_stale()
    assert not collect_if_stale()


def test_one_that_was_taken_away_is_not_found(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Who asked for it got 500, and the log a traceback, while the next version was set up."""
    settings.STATIC_ROOT, settings.WHITENOISE_AUTOREFRESH = tmp_path, False
    file = tmp_path / "site.css"
    file.write_text("a {}")
    middleware = StaticFilesMiddleware(lambda request: HttpResponse(status=404))
    request = RequestFactory().get("/static/site.css")
    assert middleware(request).status_code == 200
    file.unlink()
    assert middleware(request).status_code == 404
    assert [one.message for one in caplog.records] == [f"{file} is missing: run manage.py setup."]


@pytest.mark.parametrize(
    ("make", "problem"), [(os.mkfifo, "is a named pipe"), (Path.mkdir, "is a directory")]
)
def test_one_in_whose_place_is_something_else_is_not_found(
    settings: Settings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
    make: Callable[[Path], object],
    problem: str,
) -> None:
    """Whoever asked for a named pipe had all requests of the process wait for WORKER_TIMEOUT."""
    settings.STATIC_ROOT, settings.WHITENOISE_AUTOREFRESH = tmp_path, False
    file = tmp_path / "site.css"
    file.write_text("a {}")
    middleware = StaticFilesMiddleware(lambda request: HttpResponse(status=404))
    file.unlink()
    make(file)
    if file.is_fifo():  # else a broken guard would have the test wait
        request.addfinalizer(partial(os.close, os.open(file, os.O_RDWR)))
    assert middleware(RequestFactory().get("/static/site.css")).status_code == 404
    assert [one.message for one in caplog.records] == [f"{file} {problem}: run manage.py setup."]
