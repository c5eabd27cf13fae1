"""What the start page shows of each app: functions in its `start_page.py`, found by autodiscovery.

`@needs` marks one that tells what waits for somebody, `@panel` a box that tells how something is
doing, `@first_step` one that tells whether a step of setting up the site was done. Each names the
permission that it takes. Nothing of a module is asked while the module is switched off.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from syteops.core.modules import inactive_modules, module_of

ANYBODY = ""
MOST = 10
"""Of each kind, so many needs are shown at most."""
SUPERUSERS = "superusers.only"
"""A permission that nobody can be given: only superusers have it, as they have every one."""


@dataclass(frozen=True)
class Need:
    """Something that waits for somebody: how grave (warn or bad), what, and where to do it.

    The address of one with a `count` lists exactly so many. `at` is since or until when.
    """

    tone: str
    icon: str
    text: str
    url: str = ""
    count: int | None = None
    at: datetime | None = None


def counted(count: int, one: str, many: str) -> str:
    """What is said behind the figure."""
    return one if count == 1 else many


@dataclass(frozen=True)
class Line:
    """One line of a panel. `tone` is good, warn, bad or "". A `count` is as that of a Need; without
    one, `url` is the page of what the text names.
    """

    text: str
    tone: str = ""
    note: str = ""
    url: str = ""
    count: int | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class Panel:
    """One box of the start page: lines, or whatever its `template` makes of `context`."""

    title: str
    icon: str
    url: str = ""
    state: Line | None = None
    lines: list[Line] = field(default_factory=list)
    template: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """A step of setting up the site: what to do, what it is good for, and where."""

    title: str
    why: str
    icon: str
    url_name: str
    """Of the admin's page on which it is done."""


@dataclass(frozen=True)
class StartPage:
    """All that one person is shown; of the steps those that are to be done, and those that are."""

    needs: list[Need]
    panels: list[Panel]
    steps: list[Step]
    done: list[Step]

    @property
    def steps_in_all(self) -> int:
        return len(self.steps) + len(self.done)


_needs: list[tuple[str, Callable[[Any], Iterable[Need]]]] = []
_panels: list[tuple[str, Callable[[Any], Panel | None]]] = []
_steps: list[tuple[int, str, Step, Callable[[], bool]]] = []


def needs(permission: str) -> Callable[[Callable[[Any], Iterable[Need]]], Any]:
    """Mark a function that tells what waits for the person it is given, who has the permission."""

    def enter(tell: Callable[[Any], Iterable[Need]]) -> Any:
        _needs.append((permission, tell))
        return tell

    return enter


def panel(permission: str) -> Callable[[Callable[[Any], Panel | None]], Any]:
    """Mark a function that makes a panel for the person it is given, who has the permission."""

    def enter(make: Callable[[Any], Panel | None]) -> Any:
        _panels.append((permission, make))
        return make

    return enter


def first_step(place: int, permission: str, step: Step) -> Callable[[Callable[[], bool]], Any]:
    """Mark a function that tells from what is stored whether the step was done.

    Steps are shown in the order of their places, to those who may do them.
    """

    def enter(is_done: Callable[[], bool]) -> Any:
        _steps.append((place, permission, step, is_done))
        return is_done

    return enter


def _few(needs_of_one_kind: Iterable[Need]) -> Iterator[Need]:
    """The first of them, and that there are more."""
    found = iter(needs_of_one_kind)
    shown = list(islice(found, MOST))
    yield from shown
    if next(found, None) is not None:
        text = "There are more like this. They appear here once these are done."
        yield Need(shown[-1].tone, "more_horiz", text)


def start_page_for(person: Any) -> StartPage:
    """The start page of that person. What is grave comes first."""
    away = inactive_modules()

    def may(permission: str, tell: Callable[..., Any]) -> bool:
        here = module_of(tell.__module__) not in away
        return here and (permission == ANYBODY or person.has_perm(permission))

    told = [need for allowed, tell in _needs if may(allowed, tell) for need in _few(tell(person))]
    made = [make(person) for allowed, make in _panels if may(allowed, make)]
    ordered = sorted(_steps, key=lambda one: one[0])
    steps = [(step, is_done()) for _, allowed, step, is_done in ordered if may(allowed, is_done)]
    return StartPage(
        needs=sorted(told, key=lambda need: need.tone != "bad"),
        panels=[one for one in made if one is not None],
        steps=[step for step, is_done in steps if not is_done],
        done=[step for step, is_done in steps if is_done],
    )
