"""EMAIL_URL and ALLOWED_PRIVATE_ORIGINS: what is understood, and what stops the start."""

import json
from pathlib import Path
from typing import Any

import django
import pytest

from syteops.env import WrongSetting, env
from tests.processes import manage

SHOW = """
import json
from django.conf import settings
from django.core import mail
backend = mail.mailers["default"] if hasattr(mail, "mailers") else mail.get_connection()
names = ("host", "port", "username", "password", "use_tls", "use_ssl", "timeout")
print(json.dumps({name: getattr(backend, name, None) for name in names}))
"""


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("smtp://mail.example.com", ("mail.example.com", 25, "", "", False, False)),
        ("smtp://mail:2525", ("mail", 2525, "", "", False, False)),
        ("smtp+tls://me:p%40ss@mail", ("mail", 587, "me", "p@ss", True, False)),
        ("smtp+ssl://me%40x.org:s%2Fe@mail", ("mail", 465, "me@x.org", "s/e", False, True)),
    ],
)
def test_the_mail_servers_address_is_understood(
    monkeypatch: pytest.MonkeyPatch, url: str, shown: Any
) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    server = env.email_server("EMAIL_URL")
    assert server is not None
    names = ("host", "port", "username", "password", "use_tls", "use_ssl")
    assert tuple(server[name] for name in names) == shown


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "smtps://me:canary@mail",
        "http://me:canary@mail",
        "smtp://",
        "smtp://me:canary@",
        "smtp://me:canary@mail:port",
        "smtp://[canary",
        "smtp://me:canary-sch%C3%B6n@mail",
        "smtp://j\xf6rg:canary@mail",
    ],
)
def test_an_address_that_is_none_stops_the_start_without_repeating_it(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    with pytest.raises(WrongSetting, match="EMAIL_URL") as stopped:
        env.email_server("EMAIL_URL")
    assert "canary" not in str(stopped.value)


@pytest.mark.parametrize(
    "text", ["ops@example.com", "Ops <ops@example.com>", '"Team, Ops" <ops@example.com>']
)
def test_a_sender_may_have_a_name(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("EMAIL_FROM", text)
    assert env.email_sender("EMAIL_FROM", "") == text


def test_a_senders_host_is_as_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another, neither a Message-ID nor a sender with a name can be made."""
    monkeypatch.setenv("EMAIL_FROM", "\xd6ps <ops@b\xfccher.example>")
    assert env.email_sender("EMAIL_FROM", "") == "\xd6ps <ops@xn--bcher-kva.example>"


@pytest.mark.parametrize(
    "text",
    ["Team, Ops <ops@example.com>", "ops", "Ops <ops>", "a@x.org, b@x.org", "a@b@c",
     "a@x\nBcc: b@x",
     "<>", "@example.com", "j\xf6rg@example.com", "ops@\u05d01.com"],
)  # fmt: skip
def test_a_sender_that_is_not_one_address_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("EMAIL_FROM", text)
    with pytest.raises(WrongSetting, match="EMAIL_FROM"):
        env.email_sender("EMAIL_FROM", "")


def test_left_out_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_URL", "")
    assert env.email_server("EMAIL_URL") is None


def test_private_origins_are_listed_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_PRIVATE_ORIGINS", "http://ollama:11434, https://[fd00::1]")
    assert env.origins("ALLOWED_PRIVATE_ORIGINS") == ["http://ollama:11434", "https://[fd00::1]"]


@pytest.mark.parametrize(
    "text", ["ollama", "ollama:11434", "http://ollama/v1", "http://ollama/", "http://me@ollama",
             "http://a http://b", "ftp://a", "http://a:0", "http://a?b", "*"],
)  # fmt: skip
def test_what_is_no_origin_stops_the_start(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ALLOWED_PRIVATE_ORIGINS", f"http://n8n:5678,{text}")
    with pytest.raises(WrongSetting, match="ALLOWED_PRIVATE_ORIGINS"):
        env.origins("ALLOWED_PRIVATE_ORIGINS")


def test_the_mailer_gets_it_on_every_django(tmp_path: Path) -> None:
    """A process of its own: settings are read once."""
    url = "smtp+tls://me:p%40ss@mail"
    ended = manage("shell", "-v0", "-c", SHOW, data_dir=tmp_path, EMAIL_URL=url)
    assert json.loads(ended.stdout) == {
        "host": "mail", "port": 587, "username": "me", "password": "p@ss",
        "use_tls": True, "use_ssl": False, "timeout": 10,
    }, django.VERSION  # fmt: skip
