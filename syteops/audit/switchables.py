"""What the code declares and an admin switches and configures: modules and integrations."""

from typing import Any, ClassVar, Self, TypeVar

from django.db import models, transaction

from syteops.audit import services as audit
from syteops.core.actors import Actor
from syteops.core.entities import Entity
from syteops.core.errors import Invalid
from syteops.core.events import Verb
from syteops.core.schemas import (
    Config,
    Schema,
    merge_patch,
    normalized,
    problems,
    with_defaults,
)


class SwitchableState(Entity):
    """What an admin decided. Without a row, the defaults hold.

    `config` holds only what was set; the schema's defaults are added when it is read. The row
    outlives what it is about, so installing that again finds its settings.
    """

    counted: ClassVar[bool] = False
    switch: ClassVar[str]
    """The field that says whether it is on."""
    turn_on: ClassVar[str]
    turn_off: ClassVar[str]
    """The services, and the operations, that switch it."""

    slug = models.SlugField(max_length=50, unique=True, editable=False)
    config: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(
        default=dict, blank=True
    )

    class Meta:
        abstract = True
        default_permissions = ("view", "change")
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.slug

    @property
    def public_id(self) -> str:
        return self.slug

    @classmethod
    def locked(cls, slug: str) -> Self:
        """The row, locked until the transaction ends; made on first use.

        It says what its absence says, so making it is no change.
        """
        cls._default_manager.get_or_create(slug=slug)
        return cls._default_manager.select_for_update().get(slug=slug)


S = TypeVar("S", bound=SwitchableState)


@transaction.atomic
def merge_config(
    actor: Actor, state: S, schema: Schema, config: Config, *, incomplete: bool = False
) -> S:
    """Merge `config` into what is stored: deeply, null removes a key (RFC 7396).

    Raises Invalid, with paths into `config`, if the result breaks the schema; `incomplete` lets
    required values be missing.
    """
    merged = merge_patch(state.config, normalized(schema, config))
    if found := problems(schema, with_defaults(schema, merged), incomplete=incomplete):
        raise Invalid(found)
    audit.update(actor, state, {"config": merged}, Verb.CONFIGURED)
    return state
