"""A stand-in for an optional package, with just what its integration uses of it."""

import importlib.machinery
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


def install(monkeypatch: pytest.MonkeyPatch, name: str, **members: Any) -> ModuleType:
    """Make `import name` find a module with these members, and nothing of a real one."""
    made = ModuleType(name)
    made.__spec__ = importlib.machinery.ModuleSpec(name, None)
    for member, value in members.items():
        setattr(made, member, value)
    monkeypatch.setitem(sys.modules, name, made)
    return made


class Transport:
    """`sentry_sdk.transport.Transport`, which takes the DSN apart."""

    def __init__(self, options: Any) -> None:
        scheme, _, rest = options["dsn"].partition("://")
        place = rest.partition("@")[2]
        host, _, project = place.rpartition("/")
        auth = SimpleNamespace(
            to_header=lambda: "Sentry sentry_key=0123abc",
            get_api_url=lambda: f"{scheme}://{host}/api/{project}/envelope/",
        )
        self.parsed_dsn = SimpleNamespace(to_auth=lambda agent: auth)


class Worker:
    """`sentry_sdk.worker.BackgroundWorker`, at once."""

    def submit(self, work: Any) -> None:
        work()


class SentryClient:
    """What `sentry_sdk` was told to do."""

    started: list[dict[str, Any]]
    captured: list[tuple[dict[str, Any], dict[str, Any]]]

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.started, self.captured = [], []
        outer = self

        class Client:
            def __init__(self, **options: Any) -> None:
                self.options = options

            def capture_event(self, event: dict[str, Any]) -> str:
                outer.captured.append((self.options, event))
                return "event-1"

            def close(self, timeout: float) -> None:
                """Nothing is under way."""

        install(
            monkeypatch,
            "sentry_sdk",
            init=lambda **options: outer.started.append(options),
            Client=Client,
        )
        install(monkeypatch, "sentry_sdk.transport", Transport=Transport)
        install(monkeypatch, "sentry_sdk.worker", BackgroundWorker=Worker)
