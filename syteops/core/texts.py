"""Objects that are texts: with a title, Markdown content, an excerpt of it, and a slug."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

from django.core.validators import MaxLengthValidator, RegexValidator
from django.db import models
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Length

from syteops.core.entities import Entity
from syteops.core.folding import FoldedField
from syteops.core.json_text import JsonTextField
from syteops.core.locks import transaction_lock
from syteops.core.prepared import Prepared
from syteops.core.reading import how_many_fit
from syteops.core.slugs import SLUG_LENGTH, SLUG_PATTERN, free_slug, own_slug
from syteops.lib.markdown import excerpt
from syteops.lib.meta import validate_meta

LONGEST_CONTENT = 100_000
LONGEST_EXCERPT = 500
A_ROW = 800
"""To make an object of a row of such an object, and to show it, takes as long as so many
characters."""
_FEW = 20
"""Objects that can be read together, whatever they have."""
LAST = 10_000
"""The position of a row of such an object that nobody has placed yet."""

slug_validator = RegexValidator(SLUG_PATTERN, "Use a-z, 0-9 and single dashes between.")


class TextEntity(Entity):
    """Base of notes and estimates. `new_texts` and `changed_texts` fill what is derived."""

    title = models.CharField(max_length=200)
    content = models.TextField(
        blank=True, help_text="Markdown.", validators=[MaxLengthValidator(LONGEST_CONTENT)]
    )
    excerpt = models.TextField(
        blank=True,
        help_text="If empty: the beginning of the content.",
        validators=[MaxLengthValidator(LONGEST_EXCERPT)],
    )
    excerpt_derived = models.BooleanField(default=True, editable=False)
    slug = models.CharField(
        max_length=SLUG_LENGTH,
        help_text="A unique name for addresses. If empty: made from the title. It stays when "
        "the title changes.",
        validators=[slug_validator],
    )
    meta = JsonTextField(
        default=dict,
        blank=True,
        help_text="A JSON object in which tools keep what is theirs.",
        validators=[validate_meta],
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    title_folded = FoldedField("title")

    class Meta:
        abstract = True
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=~Q(title="") & ~Q(slug=""), name="%(app_label)s_%(class)s_named"
            ),
        ]

    def __str__(self) -> str:
        return self.title


def new_texts(
    values: Mapping[str, Any], others: "QuerySet[Any]", noun: str, length: int, former: str = ""
) -> dict[str, Any]:
    """The slug and excerpt of a new object: those given, or derived from title and content.

    `others` are those among which the slug is unique; no other transaction can take it before this
    one ends. `former` is the slug of what it stands for. Raises Invalid if the slug given is taken,
    or none is given and none can be made.
    """
    given, own, title = values.get("slug"), values.get("excerpt", ""), values["title"]
    transaction_lock(f"{noun}.slugs")
    return {
        "slug": own_slug(others, given) if given else free_slug(others, title, former),
        "excerpt": own or excerpt(values.get("content", ""), length),
        "excerpt_derived": not own,
    }


def keep_slug(item: TextEntity, values: Mapping[str, Any], others: "QuerySet[Any]") -> None:
    """Refuse a slug in `values` that one of `others` has, until the transaction ends.

    Raises Invalid.
    """
    if "slug" in values:
        transaction_lock(f"{item.noun}.slugs")
        own_slug(others, values["slug"])


def changed_texts(
    item: TextEntity, values: Mapping[str, Any], others: "QuerySet[Any]", length: int
) -> dict[str, Any]:
    """`values`, with the slug and excerpt that follow from them.

    A blank slug or excerpt is derived anew. An excerpt that was derived follows the content; sent
    back as it was read, it does not count as given. Raises Invalid if the slug is taken.
    """
    result = dict(values)
    if "slug" in values and values["slug"] != item.slug:
        slug, title = values["slug"], values.get("title", item.title)
        transaction_lock(f"{item.noun}.slugs")
        result["slug"] = own_slug(others, slug) if slug else free_slug(others, title, item.slug)
    content, own = values.get("content", item.content), result.pop("excerpt", item.excerpt)
    if own == item.excerpt:
        if content == item.content:
            return result
        own = "" if item.excerpt_derived else own
    return {**result, "excerpt": own or excerpt(content, length), "excerpt_derived": not own}


def fitting(model: type[TextEntity], keys: Sequence[Any], *rows: type[models.Model]) -> int:
    """How many of the first of these can be read at once with their texts and rows; at least one.

    `rows` are the models of what belongs to them. Takes a query for more than a few.
    """
    if len(keys) <= _FEW:
        return len(keys)
    sizes: dict[Any, int] = dict(_measured(model, rows)([*keys]))
    return how_many_fit(sizes.get(one, 0) for one in keys)


@cache
def _measured(
    model: type[TextEntity], rows: tuple[type[models.Model], ...]
) -> Prepared[tuple[Any, int]]:
    size: Any = Length("content")
    for one in rows:
        owner = next(n.name for n in one._meta.fields if n.related_model is model)
        mine = one._base_manager.filter(**{owner: OuterRef("pk")}).order_by().values(owner)
        count = mine.annotate(count=Count("pk")).values("count")
        size += Coalesce(Subquery(count), 0) * A_ROW
    found = model._base_manager.order_by().values_list("pk", size)
    return Prepared(lambda keys: found.filter(pk__in=keys))
