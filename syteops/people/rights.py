"""The rights that people and groups can be given, in words: once, for every page that shows them.

They are the permissions that the models of SyteOps and its modules declare. What Django and the
libraries have for tables of their own (sessions, content types, …) opens no page: it is internal,
so nobody is offered it, and who has it keeps it.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from django import forms
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Model, QuerySet
from django.utils.text import capfirst

from syteops.adminkit.matrix import Matrix, MatrixWidget, Row
from syteops.core.permissions import permission_name
from syteops.core.sections import place_of
from syteops.people.queries import lacking

COLUMNS = {
    "view": "See",
    "add": "Add",
    "change": "Change",
    "delete": "Delete",
    "set_secrets": "Set secrets",
    "erase": "Erase for good",
}
_BEYOND_DJANGO = ("set_secrets", "erase")
_OF_DJANGO: dict[type[Model], tuple[str, ...]] = {
    User: ("view", "add", "change", "delete"),
    Group: ("view",),  # only superusers change what groups may do
}
_NAMES: dict[type[Model], str] = {User: "Users who sign in", Group: "Groups"}
_OURS = ("syteops", "manage_api")


class Right(NamedTuple):
    """One permission. `verb` is a column; "" for what stands for itself, as `words` say."""

    permission: str
    model: type[Model]
    verb: str
    words: str


@cache
def all_rights() -> dict[str, Right]:
    """Every right that can be given, by its permission, such as `crm.view_crmsystem`."""
    return {right.permission: right for model in apps.get_models() for right in _rights_of(model)}


def _rights_of(model: type[Model]) -> Iterator[Right]:
    meta = model._meta
    for verb in _OF_DJANGO.get(model, meta.default_permissions if _is_ours(model) else ()):
        yield Right(permission_name(model, verb), model, verb, COLUMNS[verb])
    for codename, name in meta.permissions if _is_ours(model) else ():
        verb = codename.removesuffix(f"_{meta.model_name}")
        known = verb if verb in _BEYOND_DJANGO else ""
        says = str(name).removeprefix("Can ")
        words = COLUMNS.get(known) or capfirst(says)
        yield Right(f"{meta.app_label}.{codename}", model, known, words)


def _is_ours(model: type[Model]) -> bool:
    config = apps.get_app_config(model._meta.app_label)
    return config.name.partition(".")[0] in _OURS or hasattr(config, "module_slug")


def givable_by(holder: Any) -> list[Right]:
    """The rights that somebody may give: those that he holds."""
    missing = lacking(holder, all_rights())
    return [right for name, right in all_rights().items() if name not in missing]


def stored(rights: Iterable[Right]) -> QuerySet[Permission]:
    """The rows of these rights."""
    wanted = {right.permission for right in rights}
    pks = [pk for name, pk in _primary_keys().items() if name in wanted]
    return Permission.objects.filter(pk__in=pks)


def in_words(permissions: Iterable[str]) -> list[str]:
    """What these permissions allow, a sentence for each thing, such as "Roles: see, add"."""
    held = {*permissions}
    rows = _rows([right for name, right in all_rights().items() if name in held], {})
    return [_sentence(row) for row in sorted(rows, key=lambda row: place_of(row.app_label))]


class RightsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """The rights that `holder` may give, as a matrix. Whatever else is sent is refused."""

    def __init__(self, holder: Any, **kwargs: Any) -> None:
        rights = givable_by(holder)
        pks = {name: str(pk) for name, pk in _primary_keys().items()}
        matrix = Matrix(COLUMNS, _rows(rights, pks))
        widget = MatrixWidget("What may be done with each resource", matrix)
        super().__init__(stored(rights), widget=widget, required=False, **kwargs)

    def with_others_of(self, chosen: Any, holder: Any) -> QuerySet[Permission]:
        """What is chosen here, and what `holder`'s manager has beside what is offered here."""
        kept = holder.exclude(pk__in=self.queryset).values("pk")
        return Permission.objects.filter(pk__in=chosen) | Permission.objects.filter(pk__in=kept)


def _primary_keys() -> dict[str, int]:
    rows = Permission.objects.values_list("content_type__app_label", "codename", "pk")
    return {f"{app}.{codename}": pk for app, codename, pk in rows}


def _rows(rights: Iterable[Right], values: dict[str, str]) -> list[Row]:
    found: dict[tuple[str, str], Row] = {}
    for one in rights:
        meta, key = one.model._meta, one.verb and one.model._meta.label
        name = _NAMES.get(one.model) or capfirst(str(meta.verbose_name_plural))
        words = name if one.verb else one.words
        resource = getattr(one.model, "resource", "") if one.verb else ""
        code = resource if isinstance(resource, str) else ""  # it may be a column of that name
        row = found.setdefault((key, words), Row(meta.app_label, words, code, {}))
        row.boxes[one.verb] = values.get(one.permission, one.permission)  # type: ignore[index]
    return [*found.values()]


def _sentence(row: Row) -> str:
    verbs = [words.lower() for verb, words in COLUMNS.items() if verb in row.boxes]
    return f"{row.name}: {', '.join(verbs)}" if verbs else row.words
