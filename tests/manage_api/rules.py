"""Rules that operations keep: which ones, through which faces, and what is checked."""

from collections.abc import Callable
from typing import NamedTuple

from manage_api.operations import Operation
from tests.manage_api.cases import Case
from tests.manage_api.faces import FACES, Face

Check = Callable[[Case, Face], None]


class Rule(NamedTuple):
    """What holds for the operations that it applies to, through each of the faces."""

    applies: Callable[[Operation], bool]
    faces: list[Face]
    check: Check
    once: bool
    """Whether it looks at what is decided before the operation touches anything stored, or at
    what another rule does with the database as well: the same in each run (tests/once.py)."""

    def kept_through(self, once_left_out: bool) -> list[Face]:
        """The faces to look through; where `once` is left out REST alone, if at all.

        That dispatch does the same is a rule of its own, for the other run.
        """
        if once_left_out:
            return [] if self.once else [one for one in self.faces if one is FACES["rest"]]
        return self.faces

    def __str__(self) -> str:
        return self.check.__name__.replace("_", " ")


RULES: list[Rule] = []


def rule(
    applies: Callable[[Operation], bool], *faces: Face, once: bool = False
) -> Callable[[Check], Check]:
    """Enter a rule for the operations of which `applies` is true; with no faces named, for all."""

    def enter(check: Check) -> Check:
        RULES.append(Rule(applies, list(faces or FACES.values()), check, once))
        return check

    return enter


def every(operation: Operation) -> bool:
    return True


def writes(operation: Operation) -> bool:
    return operation.writes


def reads(operation: Operation) -> bool:
    return not operation.writes
