"""What scopes a new key usually gets, and scopes in words. Derived from the operations."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.text import capfirst

from manage_api.operations import Access, all_scopes, find, operations_on

Includes = Callable[[str, Access], bool]


@dataclass(frozen=True)
class Preset:
    """A usual set of scopes. `includes` says of a resource and access whether they belong to it."""

    slug: str
    name: str
    description: str
    includes: Includes

    def scopes(self) -> list[str]:
        """Its scopes among those there are now."""
        return [scope for scope in all_scopes() if self.includes(*split_scope(scope))]


def split_scope(scope: str) -> tuple[str, Access]:
    """A scope's resource and access."""
    resource, _, access = scope.rpartition(":")
    return resource, Access(access)


def accesses() -> dict[str, list[Access]]:
    """What can be allowed on each resource, in the order of `Access`."""
    found: dict[str, set[Access]] = {}
    for scope in all_scopes():
        resource, access = split_scope(scope)
        found.setdefault(resource, set()).add(access)
    return {name: [one for one in Access if one in allowed] for name, allowed in found.items()}


def _is_state(resource: str) -> bool:
    """Whether there is one of it, which can only be read, such as the site's status."""
    get = find(resource, "get")
    only_read = {one.access for one in operations_on(resource)} == {Access.READ}
    return only_read and get is not None and not get.path_params


PRESETS = {
    one.slug: one
    for one in (
        Preset(
            "read_only",
            "Read only",
            "Reads everything, changes nothing.",
            lambda resource, access: access is Access.READ,
        ),
        Preset(
            "automation",
            "Automation",
            "For workflows: reads, changes and deletes. Touches no secrets, erases nobody.",
            lambda resource, access: access not in (Access.SECRETS, Access.ERASE),
        ),
        Preset(
            "ci_deploy",
            "CI deploy",
            "For deployments: reads, changes, sets and clears secrets. Deletes no object.",
            lambda resource, access: access not in (Access.DELETE, Access.ERASE),
        ),
        Preset(
            "ai_agent",
            "AI agent without delete",
            "Reads and changes, switches modules and integrations. Deletes nothing, no secrets.",
            lambda resource, access: access in (Access.READ, Access.WRITE),
        ),
        Preset(
            "monitoring",
            "Monitoring",
            "Reads the state of the site and nothing else: status, licence, connection.",
            lambda resource, access: _is_state(resource),
        ),
    )
}

_VERBS = {
    Access.READ: "reads",
    Access.WRITE: "changes",
    Access.DELETE: "deletes",
    Access.SECRETS: "sets secrets of",
    Access.ERASE: "erases for good",
}


def describe_scopes(scopes: Iterable[str]) -> str:
    """Scopes as one short sentence, such as "Reads everything; changes crm, users"."""
    wanted, existing, parts = set(scopes), accesses(), []
    for access, verb in _VERBS.items():
        possible = [resource for resource, allowed in existing.items() if access in allowed]
        given = [resource for resource in possible if f"{resource}:{access}" in wanted]
        if given:
            everything = len(given) == len(possible)
            parts.append(f"{verb} {'everything' if everything else ', '.join(given)}")
    return capfirst("; ".join(parts))


def find_preset(scopes: Iterable[str]) -> Preset | None:
    """The preset that gives exactly these scopes now."""
    wanted = set(scopes)
    return next((one for one in PRESETS.values() if set(one.scopes()) == wanted), None)
