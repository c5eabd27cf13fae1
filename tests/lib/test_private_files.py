"""Nobody but their owner opens our files."""

from pathlib import Path

import pytest

from syteops.lib.private_files import close, exposed


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """As somebody with the usual umask has made it."""
    directory = tmp_path / "data"
    (directory / "uploads").mkdir(parents=True)
    for name in ("db.sqlite3", "db.sqlite3-wal", "counters"):
        (directory / name).touch()
    for path in (directory, *directory.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return directory


def test_all_that_others_can_open_is_found_and_closed(data: Path) -> None:
    found = exposed(data)
    assert found == sorted([data, *data.iterdir()])

    assert close(found) == found

    assert exposed(data) == []
    modes = {path.name: path.stat().st_mode & 0o7777 for path in (data, *data.iterdir())}
    assert (modes["data"], modes["uploads"], modes["db.sqlite3"]) == (0o700, 0o700, 0o600)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o602, 0o620, 0o601])
def test_one_permission_is_enough(data: Path, mode: int) -> None:
    close(exposed(data))
    (data / "db.sqlite3").chmod(mode)

    assert exposed(data) == [data / "db.sqlite3"]


def test_a_database_elsewhere_counts_with_the_files_beside_it(data: Path, tmp_path: Path) -> None:
    close(exposed(data))
    for name in ("other.sqlite3", "other.sqlite3-wal", "none-of-ours"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)

    found = exposed(data, tmp_path / "other.sqlite3")

    assert [path.name for path in found] == ["other.sqlite3", "other.sqlite3-wal"]


def test_nothing_there_is_nothing_exposed(tmp_path: Path) -> None:
    assert exposed(tmp_path / "missing", tmp_path / "none.sqlite3") == []


def test_what_a_link_leads_to_is_left_alone(data: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    elsewhere.chmod(0o644)
    (data / "link").symlink_to(elsewhere)

    close(exposed(data))

    assert elsewhere.stat().st_mode & 0o777 == 0o644
