"""Answers to reads, kept while nothing at all is written to the database.

A key is looked up, checked and charged for every call; the same query tells the database's state.
While that is the one in which an answer was made, the same call of the same key gets it again.
There is no time-out to wait for, and nothing that a write has to remember.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

import orjson

from manage_api.calls import Result
from manage_api.principals import Principal
from syteops.core.written import State, is_unchanged

MOST_BYTES = 8 * 1024 * 1024
"""How much each thread keeps."""

OVERHEAD = 2048
"""What an answer takes beside its body, in bytes, at most: so even empty ones are not endless."""


@dataclass
class _Answers:
    """What was answered in one state of the database, the latest asked for at the end."""

    state: State
    size: int = 0
    by_call: OrderedDict[Hashable, Result] = field(default_factory=OrderedDict)

    def get(self, call: Hashable) -> Result | None:
        found = self.by_call.get(call)
        if found is not None:
            self.by_call.move_to_end(call)
        return found

    def keep(self, call: Hashable, result: Result) -> Result:
        """Keep it in the place of those that nobody has asked for for longest."""
        size = _size_of(result)
        if size > MOST_BYTES:
            return result
        while self.size + size > MOST_BYTES:
            _, gone = self.by_call.popitem(last=False)
            self.size -= _size_of(gone)
        self.size += size
        self.by_call[call] = _without_objects(result)
        return result


def _size_of(result: Result) -> int:
    return len(result.body) + OVERHEAD


_local = threading.local()


def kept(principal: Principal, call: Hashable, answer: Callable[[], Result]) -> Result:
    """The result of `call`, made by `answer` unless nothing was written since the last time.

    `call` tells everything that the result depends on beside the database and the caller.
    """
    state = principal.state
    if state is None:
        return answer()
    answers: _Answers | None = getattr(_local, "answers", None)
    if answers is None or not is_unchanged(answers.state, state):
        answers = _local.answers = _Answers(state)
    answers.state = state
    mine = principal.kind, principal.id, call
    return answers.get(mine) or answers.keep(mine, answer())


def _without_objects(result: Result) -> Result:
    """The result with its bytes alone: what they were made of takes many times the memory.

    And in a copy: orjson does not give back what it reserves while it writes, which is three to
    four times as much as it has written.
    """
    result.body = bytes(memoryview(result.body))
    if not isinstance(result.data, str):
        result.data = orjson.Fragment(result.body)
    return result
