"""Whoever opens a file of ours waits for no named pipe, and is told what is there instead."""

import ast
import fcntl
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.conf import settings as site
from django.core.management import CommandError

from syteops import checks, env
from syteops.core import counters, encryption, locks
from syteops.core.uploads import Uploads
from syteops.lib import plain_files
from syteops.lib.plain_files import NoPlainFile, opener, problem_of, read_bytes, read_text
from syteops.server import serving
from syteops.server.backup import archive
from tests.each import each
from tests.test_shape import MODULES


def make_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_socket(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # an address has a hundred characters at most
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


def make_loop(path: Path) -> None:
    path.symlink_to(path)


OTHERS: dict[str, Callable[[Path], object]] = {
    "is a named pipe": os.mkfifo,
    "is a directory": Path.mkdir,
    "is a socket": make_socket,
    "is a device": make_device,
    "is a link that leads in a circle": make_loop,
}


@pytest.fixture(autouse=True)
def _nobody_waits() -> Iterator[None]:
    """Whoever waits for what is no plain file fails, and not the whole run."""
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("It waits."))
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def others_in(directory: Path) -> Iterator[tuple[Path, str]]:
    """One of each kind that is no plain file, and what is said of it."""
    for number, (problem, make) in enumerate(OTHERS.items()):
        path = directory / str(number)
        make(path)
        yield path, problem


# --- The one place -------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_RDWR | os.O_CREAT])
def test_nothing_but_a_plain_file_is_opened(tmp_path: Path, flags: int) -> None:
    for path, problem in others_in(tmp_path):
        assert problem_of(path) == problem
        with pytest.raises(NoPlainFile, match=f"^{path} {problem}: a plain file") as refusal:
            opener(path, flags)
        assert refusal.value.filename == str(path)


def test_nor_what_takes_its_place_just_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_files, "problem_of", lambda path: "")
    before = len(os.listdir("/proc/self/fd"))
    for path, _ in others_in(tmp_path):
        with pytest.raises(OSError, match=r"was replaced|No such device|Too many levels"):
            opener(path, os.O_RDONLY)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_plain_file_is_read_and_written_as_ever(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    link.symlink_to(file)
    with pytest.raises(FileNotFoundError):
        read_text(link)
    with open(link, "w", newline="", opener=opener) as written:
        written.write("é\r\nb\rc")
        assert os.get_blocking(written.fileno())
    assert file.stat().st_mode & 0o777 == 0o600
    assert read_text(link) == "é\nb\nc"
    assert read_bytes(file, most=8) == "é\r\nb\rc".encode()


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    with file.open("wb") as sparse:
        sparse.truncate(1 << 40)
    with pytest.raises(NoPlainFile, match="holds more than 16,777,216 bytes"):
        read_text(file)


# --- All go there --------------------------------------------------------------------------------

_BY_PATH = {"read_text", "read_bytes", "write_text", "write_bytes", "copyfile", "copy", "copy2"}
_MODES = {"r", "rb", "w", "wb", "a", "ab", "x", "xb", "r+", "r+b"}
_ELSEWHERE = {
    "syteops/lib/plain_files.py: os.open": "the one place",
    "syteops/lib/countries.py: read_text": "a package's",
    "syteops/lib/time_zones.py: read_text": "a package's",
    "syteops/server/keeper.py: write_text": "of the operating system",
    "syteops/server/backup/archive.py: os.open": "made anew, by no name that is there",
    "syteops/server/backup/site.py: os.open": "directories only",
    "syteops/server/backup/site.py: write_text": "in a directory that was just made",
    "syteops/server/encryption_rotation.py: os.open": "made anew; and the directory of the keys",
    "syteops/env.py: os.open": "made anew, by no name that is there",
    "manage_api/management/commands/write_reference.py: write_text": "of the code",
}


def opened_elsewhere(path: Path) -> Iterator[str]:
    """What in that module opens a file by itself."""
    name = path.relative_to(env.BASE_DIR)
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        called = ast.unparse(call.func)
        of, _, method = called.rpartition(".")
        takes_mode = any(str(ast.unparse(one)).strip("'") in _MODES for one in call.args)
        if called == "open" and not any(one.arg == "opener" for one in call.keywords):
            yield f"{name}: open"
        if called == "os.open" or (of and method == "open" and takes_mode):
            yield f"{name}: {called}"
        if of and method in _BY_PATH and (of == "shutil" or not method.startswith("copy")):
            yield f"{name}: {method}"


def test_no_other_place_opens_files() -> None:
    assert {one for path in MODULES for one in opened_elsewhere(path)} == {*_ELSEWHERE}


# --- Who comes there -----------------------------------------------------------------------------


def read_settings(path: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("SYTEOPS_ENV_FILE", str(path))
    env.read_settings_file()


def read_secret(path: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(env, "secret_path", lambda name: path)
    env.kept_secret("secret_key")


def check_keys(path: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(site, "FIELD_ENCRYPTION_KEY_FILE", path)
    (finding,) = checks._check_encryption_keys()
    raise SystemExit(finding.msg)


def read_keys(path: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(site, "FIELD_ENCRYPTION_KEY_FILE", path)
    encryption.ring()


def lock(path: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(serving, "DATA_DIR", path.parent)
    serving._lock(path.name, fcntl.LOCK_SH, "")


def count(path: Path, patch: pytest.MonkeyPatch) -> None:
    counters.FileCounters(path).add(counters.CounterKind.READS, "x", 60)


DOORS: dict[str, Callable[[Path, pytest.MonkeyPatch], object]] = {
    "the settings file": read_settings,
    "a secret": read_secret,
    "the encryption keys, at the start": check_keys,
    "the encryption keys": read_keys,
    "the locks": lambda path, _: locks._FileLocks(path),
    "the lock of a server": lock,
    "the counters": count,
    "an upload": lambda path, _: Uploads(path.parent).open(path.name),
    "a backup": lambda path, _: archive.unpack(path, path.parent),
    "what is put back": lambda path, _: archive.put_file(path, path.with_name("target")),
}


@each("name", DOORS)
def test_none_of_them_waits_and_each_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TemporaryDirectory(dir=tmp_path) as directory, monkeypatch.context() as patch:
        for path, _ in others_in(Path(directory)):
            refusals = (OSError, SystemExit, CommandError)
            with pytest.raises(refusals, match=str(path)) as refusal:
                DOORS[name](path, patch)
            assert "Traceback" not in str(refusal.value)
