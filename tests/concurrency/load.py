"""Clients that write all the time, retry until heard, and remember what they were told."""

import random
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.concurrency.live import Server
from tests.waiting import becomes_true

System = dict[str, Any]

IN_PROGRESS, UNAVAILABLE = "idempotency_in_progress", "unavailable"
_STATUSES = {IN_PROGRESS: 409, UNAVAILABLE: 503}

_GIVES_UP = 0.1  # how often a refusal is taken for the last word


@dataclass
class Pending:
    """A write under way: what is there if it has happened, and what if it has not."""

    crm_num: str
    before: System | None
    after: System | None


@dataclass
class Writer:
    """One client, writing to one server. Only it changes the systems that it made.

    `systems` is what the API acknowledged, `refused` how often it said which of the codes in
    `expected`; a write refused so is sent again, or sometimes not if the writer is `fickle`.
    `trouble` holds the answers that must not be. It rests for `pause` seconds after each write.
    """

    server: Server
    name: str
    seed: int
    expected: frozenset[str] = frozenset({IN_PROGRESS})
    fickle: bool = False
    pause: float = 0.0
    systems: dict[str, System] = field(default_factory=dict)
    acknowledged: int = 0
    retried: int = 0
    replayed: int = 0
    dropped: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    pending: Pending | None = None
    trouble: list[str] = field(default_factory=list)
    given_up: bool = False

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def run(self, stop: threading.Event, writes: int = 1_000_000) -> None:
        """Write until told to stop, or so many times; every write begun is seen through."""
        try:
            with self.server.client() as client:
                for number in range(writes):
                    if stop.is_set():
                        return
                    self._write(client, f"{self.name} {number}")
                    stop.wait(self.pause)
        except Exception as error:
            self.trouble.append(f"{self.name} ended: {error!r}")
            raise

    def _write(self, client: httpx.Client, text: str) -> None:
        mine = sorted(self.systems)
        kind = self._chance.choice(("create", "create", "update", "update", "secret", "delete"))
        if kind == "create" or not mine:
            self._create(client, text)
            return
        crm_num = self._chance.choice(mine)
        if kind == "delete":
            self._change(client, crm_num, None, ("DELETE", f"/crm-systems/{crm_num}?confirm=true"))
        elif kind == "secret":
            after = {**self.systems[crm_num], "key_set": True}
            path = f"/crm-systems/{crm_num}/secret"
            self._change(client, crm_num, after, ("PUT", path, {"api_key": f"key of {text}"}))
        else:
            url = f"https://{uuid.uuid4().hex}.example"
            # Another origin clears the key that was entered for the one before.
            after = {**self.systems[crm_num], "name": text, "url": url, "key_set": False}
            body = {"name": text, "url": url}
            self._change(client, crm_num, after, ("PATCH", f"/crm-systems/{crm_num}", body))

    def _create(self, client: httpx.Client, text: str) -> None:
        made = {"name": text, "url": "", "key_set": False}
        self.pending = Pending("", None, made)
        answer = self._until_heard(client, "POST", "/crm-systems", {"name": text})
        if answer is not None:
            self.systems[answer.json()["crm_num"]] = made
        self.pending = None

    def _change(
        self, client: httpx.Client, crm_num: str, after: System | None, request: tuple[Any, ...]
    ) -> None:
        self.pending = Pending(crm_num, self.systems[crm_num], after)
        if self._until_heard(client, *request) is not None:
            if after is None:
                del self.systems[crm_num]
            else:
                self.systems[crm_num] = after
        self.pending = None

    def _until_heard(
        self, client: httpx.Client, method: str, path: str, body: Any = None
    ) -> httpx.Response | None:
        """The answer to a write, sent again under the same key until there is one.

        None if it has not happened: it was refused, and is not sent again.
        """
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        may_have_happened = False  # an answer was lost
        while not self.given_up:
            try:
                answer = client.request(method, path, json=body, headers=headers)
            except httpx.TransportError:
                may_have_happened = True
                self.retried += 1
                time.sleep(0.02)
                continue
            if answer.is_success:
                self.acknowledged += 1
                self.replayed += answer.headers.get("Idempotent-Replayed") == "true"
                return answer
            code = _refusal(answer)
            if code not in self.expected:
                self.trouble.append(f"{method} {path}: {answer.status_code} {answer.text}")
                return None
            self.refused[code] += 1
            may_have_happened |= code == IN_PROGRESS
            if self.fickle and not may_have_happened and self._chance.random() < _GIVES_UP:
                self.dropped += 1
                return None
            self.retried += 1
            time.sleep(0.05)
        return None


def _refusal(answer: httpx.Response) -> str:
    """The code of a refusal that is as the docs promise, of one that says when to come back."""
    if answer.headers.get("Content-Type") != "application/problem+json":
        return "not a problem document"
    code = str(answer.json()["code"])
    kept = _STATUSES.get(code) == answer.status_code and "Retry-After" in answer.headers
    return code if kept else f"{code} in another form"


@dataclass
class Load:
    """Several writers at work at once."""

    writers: list[Writer]
    stop: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self, writes: int = 1_000_000) -> None:
        """Let all of them begin."""
        self.threads = [
            threading.Thread(target=one.run, args=(self.stop, writes)) for one in self.writers
        ]
        for thread in self.threads:
            thread.start()

    def finish(self) -> None:
        """Let each see its present write through, and wait for that."""
        self.stop.set()
        self.join()

    def give_up(self) -> None:
        """Let each stop where it is, heard or not."""
        for writer in self.writers:
            writer.given_up = True
        self.finish()

    def join(self) -> None:
        """Wait until each has written as often as it should."""
        for thread in self.threads:
            thread.join()

    def gets_through(self, seconds: float) -> bool:
        """Whether each has yet another write acknowledged before the seconds are over."""
        before = [(one, one.acknowledged) for one in self.writers]
        return becomes_true(lambda: all(one.acknowledged > was for one, was in before), seconds)

    def total(self, name: str) -> int:
        """A count of the writers, summed up."""
        return sum(getattr(one, name) for one in self.writers)

    @property
    def refused(self) -> Counter[str]:
        """How often they were told which code."""
        return sum((one.refused for one in self.writers), Counter[str]())

    @property
    def trouble(self) -> list[str]:
        """Every answer that must not be."""
        return [text for one in self.writers for text in one.trouble]


def problems(load: Load, state: dict[str, Any]) -> list[str]:
    """What is stored and contradicts what the writers were told, or itself."""
    found = [f"The trail: {state['problem']}"] if state["problem"] else []
    found += [f"The trail tells another story of object {pk}." for pk in state["differing"]]
    found += [f"Object {pk} was created twice." for pk in state["created_twice"]]
    if state["entries"] != state["sealed"] + state["unsealed"]:
        found.append("Some entries are neither sealed nor counted as unsealed.")
    ours = tuple(f"{one.name} " for one in load.writers)
    left = {n: one for n, one in state["systems"].items() if one["name"].startswith(ours)}
    for writer in load.writers:
        found += _contradictions(writer, left)
    maybe = [one.pending.after for one in load.writers if one.pending and not one.pending.crm_num]
    for crm_num, system in left.items():
        if system in maybe:
            maybe.remove(system)
        else:
            found.append(f"Nobody was told of {crm_num}: {system}")
    return [*found, *load.trouble]


def _contradictions(writer: Writer, left: dict[str, System]) -> list[str]:
    """Takes the writer's systems out of `left`; those that are not as it was told."""
    found = []
    for crm_num, expected in writer.systems.items():
        stored = left.get(crm_num)
        allowed: list[System | None] = [expected]
        if writer.pending and writer.pending.crm_num == crm_num:
            allowed = [writer.pending.before, writer.pending.after]
            if writer.pending.after is None and stored != expected:
                continue  # deleted, and perhaps the number is another's by now
        if stored not in allowed:
            found.append(f"{crm_num} is {stored} and was acknowledged as {expected}.")
        elif stored is not None:
            del left[crm_num]
    return found
