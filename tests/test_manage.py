"""What a command does before Django's command line takes over."""

import gc
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.core import management
from django.core.exceptions import ImproperlyConfigured

import manage


@pytest.fixture
def as_whoever_starts_it_left_them() -> Iterator[None]:
    """Signals as some supervisors have them when they start a program."""
    ignored = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    signal.signal(signal.SIGCHLD, ignored)


@pytest.mark.usefixtures("as_whoever_starts_it_left_them")
def test_a_command_hears_its_signals_and_how_its_processes_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No worker was replaced, and where `pg_dump` failed, a backup without database was made."""
    failing = [sys.executable, "-c", "raise SystemExit(3)"]
    assert subprocess.run(failing, check=False).returncode == 0  # says Python
    found: list[object] = []

    def run(arguments: list[str]) -> None:
        found.append(subprocess.run(failing, check=False).returncode)
        found.append(signal.pthread_sigmask(signal.SIG_BLOCK, []))

    monkeypatch.setattr(management, "execute_from_command_line", run)
    monkeypatch.setattr(gc, "disable", lambda: None)
    manage.main()
    assert found == [3, set()]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            PermissionError(13, "Permission denied", "/data/static"),
            "/data/static: Permission denied",
        ),
        (
            IsADirectoryError(21, "Is a directory", "/data/restored"),
            "/data/restored: Is a directory",
        ),
        (OSError(28, "No space left on device"), "cannot go on: No space left on device"),
        (ImproperlyConfigured("Pooling is not supported."), "cannot start: Pooling is not"),
        (OSError("not of a file"), None),
        (ValueError("ours"), None),
    ],
)
def test_a_file_that_cannot_be_used_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, error: Exception, told: str | None
) -> None:
    """Files of somebody else, or a full disk, ended the start with a traceback."""

    def run(arguments: list[str]) -> None:
        raise error

    monkeypatch.setattr(management, "execute_from_command_line", run)
    monkeypatch.setattr(gc, "disable", lambda: None)
    with pytest.raises(SystemExit if told else type(error)) as end:
        manage.main()
    assert (told or "") in str(end.value)
