"""Settings that cannot be read stop the start with one line that names them and the cure."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from syteops import env as module
from syteops.env import WrongSetting, env, kept_secret
from tests.processes import manage

Read = Callable[[], object]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda value: monkeypatch.setenv("X", value)


def levels() -> str:
    return env.choice("X", default="WARNING", choices=("INFO", "WARNING"))


@pytest.mark.parametrize(
    ("value", "read", "expected"),
    [
        ("abc", lambda: env.str("X"), "abc"),
        ("$abc", lambda: env.str("X"), "$abc"),
        ("", lambda: env.str("X", default="d"), "d"),
        ("  ", lambda: env.int("X", default=7), 7),
        (" 12 ", lambda: env.int("X", default=7), 12),
        ("-1", lambda: env.int("X", default=7), -1),
        ("Yes", lambda: env.bool("X"), True),
        ("off", lambda: env.bool("X", default=True), False),
        ("", lambda: env.bool("X", default=True), True),
        ("a, b,,c ", lambda: env.list("X"), ["a", "b", "c"]),
        (" , ", lambda: env.list("X", default=["d"]), ["d"]),
        ("info", levels, "INFO"),
        ("Europe/Berlin", lambda: env.time_zone("X", default="UTC"), "Europe/Berlin"),
        ("json, django.contrib.auth.apps.AuthConfig", lambda: env.apps("X"),
         ["json", "django.contrib.auth.apps.AuthConfig"]),
        ("", lambda: env.database("X"), None),
    ],
)  # fmt: skip
def test_readable_values(
    given: Callable[[str], None], value: str, read: Read, expected: object
) -> None:
    given(value)
    assert read() == expected


@pytest.mark.parametrize(
    ("value", "read", "cure"),
    [
        ("M\udcfcller", lambda: env.str("X"), "in one line"),
        ("a\nb", lambda: env.str("X"), "in one line"),
        ("a, b\x1b[31m", lambda: env.list("X"), "in one line"),
        ("abc", lambda: env.int("X", default=8000), "a number such as 8000"),
        ("1.5", lambda: env.int("X", default=8000), "a number such as 8000"),
        ("ture", lambda: env.bool("X"), "true or false"),
        ("LOUD", levels, "one of INFO, WARNING"),
        ("Mars/Olympus", lambda: env.time_zone("X", default="UTC"), "Europe/Berlin"),
        ("../etc/passwd", lambda: env.time_zone("X", default="UTC"), "Europe/Berlin"),
        ("Europe", lambda: env.time_zone("X", default="UTC"), "Europe/Berlin"),
        ("json,no_such_app", lambda: env.apps("X"), "Install its package"),
        ("no_such.apps.Config", lambda: env.apps("X"), "Install its package"),
        ("mysql://u:p@h/db", lambda: env.database("X"), "postgres://user"),
        ("rubbish", lambda: env.database("X"), "postgres://user"),
        ("postgres://u:p%00@h/db", lambda: env.database("X"), "in one line"),
        ("redis://h/?ssl_ca_certs=%00", lambda: env.server("X"), "in one line"),
        ("postgres://u:p@h:port/db", lambda: env.database("X"), "postgres://user"),
        ("postgres://u:p@h/", lambda: env.database("X"), "postgres://user"),
        ("sqlite://", lambda: env.database("X"), "sqlite:////absolute/path"),
    ],
)
def test_unreadable_values_stop_the_start(
    given: Callable[[str], None], value: str, read: Read, cure: str
) -> None:
    given(value)
    with pytest.raises(WrongSetting, match=r"^SyteOps cannot start: X ") as stop:
        read()
    assert cure in str(stop.value)


def test_a_database_address_is_read_in_full(given: Callable[[str], None]) -> None:
    given("postgres://us%40er:p%2Fw@db.example.com:6432/name?connect_timeout=5")
    database = env.database("X")
    assert database is not None
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["USER"], database["PASSWORD"]) == ("us@er", "p/w")
    assert (database["HOST"], database["PORT"]) == ("db.example.com", 6432)
    assert (database["NAME"], database["OPTIONS"]) == ("name", {"connect_timeout": 5})


def test_a_refused_database_address_does_not_show_its_password(
    given: Callable[[str], None],
) -> None:
    given("mysql://user:very-secret@host/db")
    with pytest.raises(WrongSetting) as stop:
        env.database("X")
    assert "very-secret" not in str(stop.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("PORT", "abc"), ("DATABASE_URL", "mysql://h/db"), ("EXTRA_MODULES", "no_such_app")],
)
def test_the_command_line_says_it_in_one_line(tmp_path: Path, variable: str, value: str) -> None:
    refused = manage("check", data_dir=tmp_path, **{variable: value})
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"SyteOps cannot start: {variable} ")
    assert refused.stderr.count("\n") == 1


def test_no_path_depends_on_where_a_command_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From cron it began a second site."""
    (tmp_path / "ops.env").write_text("X=1")
    monkeypatch.setattr(module, "BASE_DIR", tmp_path)
    for name, value in (("SYTEOPS_ENV_FILE", "ops.env"), ("SYTEOPS_DATA_DIR", "var"), ("X", "")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///var/site.db")
    monkeypatch.chdir("/")
    assert module.read_settings_file() == tmp_path / "ops.env"
    assert module.data_dir() == tmp_path / "var"
    assert (env.database("DATABASE_URL") or {})["NAME"] == str(tmp_path / "var" / "site.db")


@pytest.mark.parametrize(
    "option", ["sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile", "ssl_ca_certs"]
)
def test_a_file_that_an_address_names_can_be_read(
    given: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    """PostgreSQL was not verified without its `sslrootcert`, and a named pipe was waited for."""
    monkeypatch.setattr(module, "BASE_DIR", tmp_path)
    monkeypatch.chdir("/")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name, problem in (("none", "No such file"), ("pipe", "named pipe"), ("loop", "circle")):
        given(f"postgres://u:p%40w@h/db?{option}={name}&sslmode=require")
        with pytest.raises(WrongSetting, match=rf"names a file .*/{name}: .*{problem}") as stop:
            env.database("X")
        assert "p@w" not in str(stop.value)
    (tmp_path / "a + b").write_text("certificate")
    given(f"postgres://u:p%40w@h/db?{option}=a%20%2B+b&sslmode=require")
    assert env.database("X") == {
        **{"ENGINE": "django.db.backends.postgresql", "NAME": "db", "HOST": "h", "PORT": ""},
        **{"USER": "u", "PASSWORD": "p@w"},
        "OPTIONS": {option: str(tmp_path / "a + b"), "sslmode": "require"},
    }


def test_an_address_without_files_stays_as_it_was_written(given: Callable[[str], None]) -> None:
    for address in (
        "redis://:p?w@h:6379/0?x=a+b&y",
        "unix:///s?db=1",
        "h?sslrootcert=system",
        "h?sslkey=pkcs11:1",
        "",
    ):
        given(address)
        assert env.server("X") == address


# --- Kept secrets --------------------------------------------------------------------------


def test_a_secret_is_made_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DATA_DIR", tmp_path / "new" / "data")
    first = kept_secret("thing")
    assert kept_secret("thing") == first
    assert [path.name for path in (tmp_path / "new/data/secrets").iterdir()] == ["thing"]


def test_whoever_comes_second_reads_the_first_ones_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DATA_DIR", tmp_path)

    def make_while_another_process_is_faster() -> str:
        kept_secret("thing", lambda: "the first one's")
        return "the second one's"

    assert kept_secret("thing", make_while_another_process_is_faster) == "the first one's"


def test_a_data_directory_that_keeps_nothing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(module, "DATA_DIR", tmp_path / "file" / "data")
    with pytest.raises(WrongSetting, match="SYTEOPS_DATA_DIR cannot keep secrets"):
        kept_secret("thing")


# --- The settings file -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"PORT 8000\n", "line 1 is not of the form NAME=value"),
        (b"\xff\xfe\x00secret", "it is not text in UTF-8"),
        (None, "No such file or directory"),
    ],
)
def test_a_settings_file_that_cannot_be_read_stops_the_start(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    file = tmp_path / "site.env"
    if content is not None:
        file.write_bytes(content)
    done = manage("check", data_dir=tmp_path / "data", SYTEOPS_ENV_FILE=str(file))
    assert done.returncode == 1
    assert done.stderr.startswith(f"SyteOps cannot start: SYTEOPS_ENV_FILE cannot be read ({file}")
    assert problem in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_link_to_a_settings_file_that_is_away_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it leads to was not mounted yet: a second, empty site was set up beside the code."""
    monkeypatch.setattr(module, "BASE_DIR", tmp_path)
    monkeypatch.delenv("SYTEOPS_ENV_FILE")
    assert module.read_settings_file() is None
    (tmp_path / ".env").symlink_to(tmp_path / "mounted" / "env")
    with pytest.raises(WrongSetting, match=r"SYTEOPS_ENV_FILE cannot be read .*No such file"):
        module.read_settings_file()


@pytest.mark.parametrize("text", ["~/site", "$HOME/site", "${HOME}/site", '"/data"', "'/data'"])
def test_a_path_that_only_a_shell_understands_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """In the settings file it named another directory than in a shell, and so another site."""
    monkeypatch.setenv("SYTEOPS_DATA_DIR", text)
    with pytest.raises(WrongSetting, match="of which only a shell makes a path"):
        module.data_dir()


@pytest.mark.parametrize(
    "text",
    [
        "ops.example.com",
        "https://ops.example.com/x",
        "ftp://ops.example.com",
        "https://a,https://b",
    ],
)
def test_the_public_address_is_one_origin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SITE_URL", text)
    with pytest.raises(WrongSetting):
        env.origin("SITE_URL")
    monkeypatch.setenv("SITE_URL", "https://ops.example.com:8443")
    assert env.origin("SITE_URL") == "https://ops.example.com:8443"
