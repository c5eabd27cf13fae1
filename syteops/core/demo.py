"""Demo content: each app says in its `demo.py` what a believable site has of it."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Model

from syteops.core.actors import Actor


@dataclass(frozen=True)
class Seed:
    """Makes the demo content of one kind, and answers how much that was."""

    what: str
    model: type[Model]
    run: Callable[[Actor], int]


_seeds: dict[str, Seed] = {}


def seeds(what: str, model: type[Model]) -> Callable[[Callable[[Actor], int]], object]:
    """Mark a function that makes the demo content of `model`; `what` is its name in the plural."""

    def enter(run: Callable[[Actor], int]) -> object:
        _seeds[what] = Seed(what, model, run)
        return run

    return enter


def all_seeds() -> list[Seed]:
    """Every seed, in the order of the installed apps."""
    return list(_seeds.values())
