"""What should be stored, as simply as it can be said: names of things, and their fields."""

import re
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tests.fixtures import Api

Record = dict[str, Any]
SECRETS = ("api_key", "api_secret")


@dataclass(frozen=True)
class Kind:
    """A kind of object over the API, with the fields looked at and their defaults."""

    collection: str
    lookup: str
    listed_as: str
    defaults: Record
    numbered: bool = False
    query: str = ""


KINDS = {
    "crm": Kind(
        "crm-systems", "crm_num", "crms", {"name": "", "url": "", "link_admin_only": False}, True
    ),
    "users": Kind(
        "team-members",
        "user_num",
        "users",
        {"first_name": "", "nickname": "", "city": ""},
        True,
        "?per_page=200",
    ),
    "roles": Kind("roles", "slug", "roles", {"name": "", "description": ""}),
    "notes_items": Kind(
        "notes",
        "id",
        "items",
        {"title": "", "content": "", "status": "draft"},
        query="?per_page=200",
    ),
    "variables": Kind(
        "variables",
        "key",
        "variables",
        {"value": "", "description": ""},
        query="?source=api&per_page=200",
    ),
}


@dataclass
class World:
    """Every object by kind and public id. Holders of roles and secrets are kept beside."""

    objects: dict[str, dict[str, Record]] = field(
        default_factory=lambda: {kind: {} for kind in KINDS}
    )

    def copy(self) -> "World":
        """The same world, to be changed."""
        return deepcopy(self)

    def free_number(self, kind: str) -> str:
        """The lowest number that no object has."""
        taken = self.objects[kind]
        return next(n for n in (f"{i:03d}" for i in range(1, len(taken) + 2)) if n not in taken)

    def add(self, kind: str, public_id: str, values: Record) -> None:
        """A new object."""
        record = {**KINDS[kind].defaults, **values}
        if kind == "crm":
            record |= dict.fromkeys(SECRETS)
        if kind == "roles":
            record["holders"] = []
        self.objects[kind][public_id] = record

    def remove(self, kind: str, public_id: str) -> None:
        """An object goes; a member gives up the roles."""
        del self.objects[kind][public_id]
        if kind == "users":
            for role in self.objects["roles"].values():
                role["holders"] = [one for one in role["holders"] if one != public_id]

    def shown(self, kind: str) -> dict[str, Record]:
        """What the API should show of a kind."""
        return {public_id: _shown(one) for public_id, one in self.objects[kind].items()}


def _shown(record: Record) -> Record:
    return {n: (v is not None if n in SECRETS else v) for n, v in record.items()}


def read(api: Api, kind: str) -> dict[str, Record]:
    """What the API shows of a kind."""
    one = KINDS[kind]
    listed = api.get(f"/{one.collection}{one.query}").json()[one.listed_as]
    return dict(_read(kind, record) for record in listed if not record.get("system"))


def _read(kind: str, record: Record) -> tuple[str, Record]:
    found = {name: record.get(name) for name in KINDS[kind].defaults}
    if kind == "crm":
        found |= {"api_key": record["key_set"], "api_secret": record["secret_set"]}
    if kind == "roles":
        found["holders"] = record["assigned_users"]
    if kind == "variables":
        found["value"] = record["current_value"]
        return record["name"].removeprefix("syteops_api_"), found
    return str(record[KINDS[kind].lookup]), found


def slug_of(name: str) -> str:
    """The slug of a role of that name."""
    return re.sub(r"\W+", "_", name.lower())
