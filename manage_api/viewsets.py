"""What an app's `api.py` derives from: viewsets with the standard actions, and further ones.

`EntityViewSet` has the five standard operations and bulk. A narrower one is put together from the
mixins, as in DRF: `class Entries(ListMixin, ManageViewSet)`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from types import ModuleType
from typing import Any, ClassVar, TypedDict, cast

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q, QuerySet
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api import bulk
from manage_api.base import ManageViewSet
from manage_api.changes import PARAMETER, UpdatedSinceBackend, sync_answer
from manage_api.cursors import PARAMETER as AFTER
from manage_api.filters import FilterBackend, OrderingBackend, SearchBackend
from manage_api.operations import Access, SerializerClass, operation
from manage_api.pagination import Pagination, whole
from manage_api.places import Settled
from manage_api.serializers import RowIdInput, secrets_input, secrets_to_clear
from manage_api.shapes import (
    answer_of_delete,
    answer_of_list,
    answer_of_secrets,
    input_of_change,
    input_of_create,
    query_of_list,
)
from manage_api.shared import represent_each, represent_rows, row_plan
from syteops.audit.queries import keys_changed_since
from syteops.core.entities import Entity, Finder, Numbered, by_slot, find, get_any
from syteops.core.folding import folded_fields
from syteops.core.prepared import Prepared
from syteops.core.services import service_of


class DeleteImpact(TypedDict):
    """What goes, by name."""

    name: str


class SecretsClearImpact(TypedDict):
    """Which secrets go."""

    cleared: list[str]


def _deletion_impact(instance: Any) -> DeleteImpact:
    return {"name": str(instance)}


class StandardViewSet(ManageViewSet):
    """Base of the standard actions: they are described by the model's names.

    `input_serializer_class` and `list_serializer_class` are for entities that take, or list,
    something else than they answer; `create_serializer_class` for those that take more when they
    are made. `services` is the app's module of that name.
    """

    services: Any
    serializer_class: Any
    pagination_class: Any = Pagination
    input_serializer_class: ClassVar[SerializerClass | None] = None
    create_serializer_class: ClassVar[SerializerClass | None] = None
    list_serializer_class: ClassVar[SerializerClass | None] = None
    slots: ClassVar[Mapping[str, tuple[str, type[Numbered]]]] = {}
    """The values that are objects named by their number: in which field of the input, of what."""
    rereads: ClassVar[bool] = False
    """Whether a write answers what is read anew, because its rows are stored beside the object."""
    with_related: Any = staticmethod(lambda instances: instances)
    """The objects with what their answer shows of others, in as many queries as one would take."""
    related_values: Any = staticmethod(lambda keys: {})
    """The same by attribute and primary key: so a list need not make objects of its rows."""
    deletion_impact: Any = staticmethod(_deletion_impact)
    """What deleting an object would take away, by itself the object's name."""
    filter_backends: Any = (UpdatedSinceBackend, FilterBackend, SearchBackend, OrderingBackend)
    changed_with: Any = staticmethod(lambda since: Q(pk__in=()))
    """Which objects (a Q) show since then something else of others: those changed with them."""
    search_fields: ClassVar[tuple[str, ...]] = ()
    search_help: ClassVar[str] = "the texts"
    ordering_fields: ClassVar[Mapping[str, Any]] = {}
    ordering: ClassVar[str] = ""
    ordering_tie_break: ClassVar[str] = "-pk"
    """No two objects of the list have it alike, and each has it."""
    derived_order: ClassVar[str] = ""
    """Of a list that is no table: the attribute by which it is sorted, a text that differs."""

    @classmethod
    def listed_class(cls) -> Any:
        """How a list shows each entry."""
        return cls.list_serializer_class or cls.serializer_class

    @property
    def is_kept(self) -> bool:
        # What was changed since is told with the time at which to go on.
        return super().is_kept and PARAMETER not in self.call.input

    def changed_since(self, found: Any, since: datetime) -> Any:
        """Those of `found` that show something else since then, or are new."""
        model: Any = self.model()
        changed = Q(pk__in=keys_changed_since(model, since)) | self.changed_with(since)
        if any(one.name == "updated_at" for one in model._meta.fields):
            changed |= Q(updated_at__gte=since)  # also what is older than the trail
        return found.filter(pk__in=model._base_manager.filter(changed).order_by().values("pk"))

    def service(self, verb: str) -> Callable[..., Any]:
        """The app's service `<verb>_<noun>`."""
        return _service(self.services, verb, self.model())

    def get_object(self) -> Any:
        """The object that the path names, locked for a write: then it is always the same one.

        Raises NotFound.
        """
        if self.locked_object is not None:
            return self.locked_object
        found = self._find()
        if self.locks:
            self.locked_object = found
        return found

    @classmethod
    def shows_all_the_same(cls) -> bool:
        """Whether there are the same objects for every call, so that queries are composed once."""
        return cls.get_queryset is ManageViewSet.get_queryset

    def _find(self) -> Any:
        text = self.kwargs[self.lookup_name()]
        if not self.shows_all_the_same():
            return find(self.get_queryset(), self.lookup_field, text, lock=self.locks)
        return _finder(type(self)).find(text, lock=self.locks)

    def fetch(self, keys: list[Any]) -> Mapping[Any, Any]:
        """By these primary keys what `show_each` shows: rows where these suffice, else objects."""
        found: Iterable[Any]
        if not self.shows_all_the_same():
            found = _shown_only(self.get_queryset()).order_by().filter(pk__in=keys)
        elif plan := row_plan(type(self)):
            return {row[0]: row for row in _row_fetcher(type(self), plan.paths)(keys)}
        else:
            found = _fetcher(type(self))(keys)
        return {one.pk: one for one in found}

    def show_each(self, found: list[Any]) -> list[Any]:
        """How a list shows what was fetched, or these objects."""
        context = self.get_serializer_context()
        if found and type(found[0]) is tuple:
            return represent_rows(type(self), found, context)
        return represent_each(self.listed_class(), self.load(found), context)

    def get_listed(self) -> Any:
        """What a list shows: what the filters let pass, or all of it, composed once."""
        if not self._lists_everything():
            return self.filter_queryset(self.get_queryset())
        return _settled(type(self), self.validated.get("ordering", ""))

    def _lists_everything(self) -> bool:
        """Whether the call asks for nothing but an order and a page, of what is there for all."""
        return (
            self.pagination_class is Pagination
            and self.shows_all_the_same()
            and _PLAIN_FILTERS.issuperset(self.filter_backends)
            and all(one in (None, "") or n in _PLACES for n, one in self.validated.items())
        )

    def get_values(self, instance: Any = None) -> dict[str, Any]:
        """The validated input as the services take it; `instance` is what is to be changed.

        Raises Invalid for a number that no live object has.
        """
        values = dict(self.validated)
        for name, (field, model) in self.slots.items():
            if values.get(name):
                values[name] = by_slot(model, field, values[name])
        return values

    def load(self, instances: list[Any]) -> Any:
        """The objects with all that their answer shows."""
        if not (self.rereads and self.operation.writes):
            return self.with_related(instances)
        return [self.get_queryset().get(pk=one.pk) for one in instances]

    def show(self, instance: Any) -> Response:
        """One object as the operation's output."""
        return self.answer(self.load([instance])[0])

    def apply(self, service: Callable[..., Any], *args: Any) -> Response:
        """What `service` makes of the object that the path names, with the input as its values."""
        instance = self.get_object()
        values = self.get_values(instance)
        return self.show(service(self.actor, instance, *args, **values))


@cache
def _finder(viewset: type[StandardViewSet]) -> Finder[Any]:
    """What finds an object of that viewset, which shows the same ones to everybody."""
    assert viewset.queryset is not None
    return Finder(_shown_only(viewset.queryset.all()), viewset.lookup_field)


@cache
def _fetcher(viewset: type[StandardViewSet]) -> Prepared[Any]:
    assert viewset.queryset is not None
    found = _shown_only(viewset.queryset.all()).order_by()
    return Prepared(lambda keys: found.filter(pk__in=keys))


@cache
def _row_fetcher(viewset: type[StandardViewSet], paths: tuple[str, ...]) -> Prepared[Any]:
    assert viewset.queryset is not None
    found = viewset.queryset.order_by()
    return Prepared(lambda keys: found.filter(pk__in=keys).values_list(*paths))


def _shown_only(found: "QuerySet[Any]") -> "QuerySet[Any]":
    """The same objects without the columns that no answer shows: they would be read in vain."""
    return found.defer(*(one.name for one in folded_fields(found.model)))


@cache
def _settled(viewset: type[StandardViewSet], ordering: str) -> Settled:
    """The whole list of that viewset, in that order."""
    view = viewset()
    view.validated = {"ordering": ordering}
    found = OrderingBackend().filter_queryset(cast(Request, None), view.get_queryset(), view)
    plan = row_plan(viewset)
    return Settled(found, view.fetch, plan.paths if plan else ())


_PLAIN_FILTERS = {UpdatedSinceBackend, FilterBackend, SearchBackend, OrderingBackend}
"""They leave out nothing when nothing is asked of them."""
_PLACES = {"ordering", "page", "per_page", AFTER}


@cache
def _service(services: ModuleType, verb: str, model: type[Entity]) -> Callable[..., Any]:
    found = service_of(services, verb, model.noun)
    if found is None:
        raise ImproperlyConfigured(f"{services.__name__} has no {verb}_{model.noun}().")
    return found


# --- The standard actions --------------------------------------------------------------------


class ListMixin(StandardViewSet):
    """`list`: every object that the filters let pass, in pages where a pagination is set."""

    @operation("List {all}", input=query_of_list, output=answer_of_list)
    def list(self, request: Request, **path: str) -> Response:
        found = self.get_listed()
        page = self.paginate_queryset(found)
        shown = self.show_each(whole(self, found) if page is None else page)
        if page is None:
            response = Response({self.list_name: shown})
        else:
            response = self.get_paginated_response(shown)
        response.data |= sync_answer(self, self.listed_class())
        return response


class RetrieveMixin(StandardViewSet):
    """`get`: one object."""

    @operation("Read {a}")
    def retrieve(self, request: Request, **path: str) -> Response:
        return self.show(self.get_object())


class CreateMixin(StandardViewSet):
    """`create`: a new object."""

    @operation("Add {a}", input=input_of_create)
    def create(self, request: Request, **path: str) -> Response:
        return self.show(self.service("create")(self.actor, **self.get_values()))


class UpdateMixin(StandardViewSet):
    """`update`: what is left out keeps its value."""

    @operation("Change {a}", input=input_of_change)
    def partial_update(self, request: Request, **path: str) -> Response:
        return self.apply(self.service("update"))


class DestroyMixin(StandardViewSet):
    """`delete`: with confirmation, after its impact was shown."""

    @operation("Delete {a}", output=answer_of_delete)
    def destroy(self, request: Request, **path: str) -> Response:
        instance = self.get_object()
        # Read before it goes: what is deleted has neither id nor number any more.
        name = instance.pk if self.lookup_name() == "id" else instance.public_id
        self.service("delete")(self.actor, instance)
        return Response({self.lookup_name(): name, "deleted": True})

    def destroy_impact(self) -> dict[str, Any]:
        impact: dict[str, Any] = self.deletion_impact(self.get_object())
        return impact


class RestoreMixin(StandardViewSet):
    """`restore`: an object that was deleted softly, by its permanent id."""

    @action(detail=False, methods=["post"])
    @operation("Restore a deleted {name}", input=RowIdInput, permission="add")
    def restore(self, request: Request, **path: str) -> Response:
        instance = get_any(self.model(), self.validated["id"], lock=True)
        return self.show(self.service("restore")(self.actor, instance))


class SecretsMixin(StandardViewSet):
    """`set_secret` and `clear_secret`, for an entity that names its `secrets`.

    They go in and never come out: the answer tells only which are set.
    """

    secrets: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def get_extra_actions(cls) -> Any:
        found = super().get_extra_actions()
        names = ("set_secret", "clear_secret")
        return [one for one in found if cls.secrets or one.__name__ not in names]

    @action(detail=True, methods=["put"], url_path="secret")
    @operation(
        "Store {a}'s credentials",
        access=Access.SECRETS,
        input=lambda viewset: secrets_input(viewset.serializer_class, viewset.secrets),
        output=answer_of_secrets,
    )
    def set_secret(self, request: Request, **path: str) -> Response:
        instance = self.get_object()
        return self.answer(self.services.set_secrets(self.actor, instance, **self.validated))

    @action(detail=True, methods=["delete"], url_path="secret")
    @operation(
        "Clear {a}'s credentials",
        access=Access.SECRETS,
        input=lambda viewset: secrets_to_clear(viewset.serializer_class, viewset.secrets),
        output=answer_of_secrets,
    )
    def clear_secret(self, request: Request, **path: str) -> Response:
        names = [name for name, chosen in self.validated.items() if chosen]
        return self.answer(self.services.clear_secrets(self.actor, self.get_object(), *names))

    def clear_secret_impact(self) -> SecretsClearImpact:
        name = self.lookup_name()
        impact = {name: self.kwargs[name], "cleared": sorted(self.validated)}
        return cast(SecretsClearImpact, impact)


class BulkMixin(ManageViewSet):
    """`bulk`: many changes of one collection in one request, all of them or none."""

    @action(detail=False, methods=["post"])
    @operation(
        "Change many {many} at once",
        description=f"Up to {bulk.MAX_ITEMS} items, all or nothing. Each item needs the scope of "
        "its own action; one confirmation covers every delete. Errors name the item by its index.",
        input=bulk.BulkInput,
        output=bulk.BulkResultSerializer,
    )
    def bulk(self, request: Request, **path: str) -> Response:
        return Response(bulk.run_items(self))

    def look_further(self) -> None:
        self.inner = bulk.look_at_items(self) if self.action == "bulk" else None


class EntityViewSet(
    ListMixin, RetrieveMixin, CreateMixin, UpdateMixin, DestroyMixin, SecretsMixin, BulkMixin
):
    """An entity with the five standard operations, bulk and, where it has any, its secrets.

    Its answers are kept while nothing is written. Where they depend on anything beside the call,
    the database and the day, such as the time, say `keeps = frozenset()`.
    """

    keeps = frozenset(("list", "retrieve"))


# --- Other kinds of things -------------------------------------------------------------------


class SingletonViewSet(ManageViewSet):
    """Something of which there is exactly one: `get` on the collection's own path."""

    @operation("Read the {name}", action="get")
    def list(self, request: Request, **path: str) -> Response:
        return self.answer(self.get_object())
