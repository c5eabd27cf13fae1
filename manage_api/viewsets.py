"""What an app's `api.py` derives from: viewsets with the standard actions, and further ones.

`EntityViewSet` has the five standard operations and bulk. A narrower one is put together from the
mixins, as in DRF: `class Entries(ListMixin, ManageViewSet)`.
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api import bulk
from manage_api.base import ManageViewSet
from manage_api.filters import FilterBackend, OrderingBackend, SearchBackend
from manage_api.operations import (
    STANDARD_ACTIONS,
    Access,
    Declaration,
    SerializerClass,
)
from manage_api.pagination import PageNumberPagination
from manage_api.serializers import (
    RowIdInput,
    StrictSerializer,
    config_input,
    deleted,
    listing,
    secrets_input,
    secrets_output,
    secrets_to_clear,
)
from manage_api.shared import represent
from syteops.core.entities import Entity, find, get_any
from syteops.core.services import service_of


class StandardViewSet(ManageViewSet):
    """Base of the standard actions: they describe themselves by the model's names.

    `input_serializer_class` and `list_serializer_class` are for entities that take, or list,
    something else than they answer; `create_serializer_class` for those that take more when they
    are made. `services` is the app's module of that name.
    """

    services: Any
    serializer_class: Any
    pagination_class: Any = PageNumberPagination
    input_serializer_class: ClassVar[SerializerClass | None] = None
    create_serializer_class: ClassVar[SerializerClass | None] = None
    list_serializer_class: ClassVar[SerializerClass | None] = None
    rereads: ClassVar[bool] = False
    """Whether a write answers what is read anew, because its rows are stored beside the object."""
    deletion_impact: Any = staticmethod(lambda instance: {"name": str(instance)})
    """What deleting an object would take away, by itself the object's name."""
    filter_backends: Any = (FilterBackend, SearchBackend, OrderingBackend)
    search_fields: ClassVar[tuple[str, ...]] = ()
    search_help: ClassVar[str] = "the texts"
    ordering_fields: ClassVar[Mapping[str, Any]] = {}
    ordering: ClassVar[str] = ""
    ordering_tie_break: ClassVar[str] = "-pk"
    summaries: ClassVar[Mapping[str, str]] = {}
    """The summaries of standard actions whose usual words do not fit."""
    list_action: ClassVar[str] = "list"
    """What dispatch calls the list."""

    @classmethod
    def standard_declaration(cls, endpoint: str) -> Declaration | None:
        if endpoint not in _SUMMARIES:
            return super().standard_declaration(endpoint)
        template = cls.summaries.get(endpoint, _SUMMARIES[endpoint])
        meta = cls.model()._meta
        name = str(meta.verbose_name)
        input: Any = None
        output: Any = cls.serializer_class
        if endpoint in ("create", "partial_update"):
            own = cls.create_serializer_class if endpoint == "create" else None
            input = own or cls.input_serializer_class or cls.serializer_class
        elif endpoint == "list":
            input = cls.query_serializer()
            output = listing(cls.list_name, cls.listed_class(), cls.pagination_class is not None)
        elif endpoint == "destroy":
            output = deleted(cls.lookup_name())
        return Declaration(
            template.format(a=f"{article(name)} {name}", all=f"the {meta.verbose_name_plural}"),
            cls.descriptions.get(endpoint, ""),
            action=cls.list_action if endpoint == "list" else STANDARD_ACTIONS[endpoint].action,
            input=input,
            output=output,
        )

    @classmethod
    def listed_class(cls) -> Any:
        """How a list shows each entry."""
        return cls.list_serializer_class or cls.serializer_class

    @classmethod
    def query_serializer(cls) -> Any:
        """What a list takes: the parameters of its filter backends and of its pages, strictly."""
        parts = [backend().get_fields(cls()) for backend in cls.filter_backends]
        if cls.pagination_class is not None:
            parts.append(cls.pagination_class().get_fields())
        fields = {name: field for part in parts for name, field in part.items()}
        return type(f"{cls.__name__}Query", (StrictSerializer,), fields) if fields else None

    def service(self, verb: str) -> Callable[..., Any]:
        """The app's service `<verb>_<noun>`."""
        return _service(self.services, verb, self.model())

    def get_object(self) -> Any:
        """The object that the path names, locked for a write. Raises NotFound."""
        text = self.kwargs[self.lookup_name()]
        return find(self.get_queryset(), self.lookup_field, text, lock=self.locks)

    def get_values(self, instance: Any = None) -> dict[str, Any]:
        """The validated input as the services take it; `instance` is what is to be changed."""
        return self.validated

    def load(self, instances: list[Any]) -> list[Any]:
        """The objects with all that their answer shows."""
        if not (self.rereads and self.operation.writes):
            return instances
        return [self.get_queryset().get(pk=one.pk) for one in instances]

    def show(self, instance: Any) -> Response:
        """One object as the operation's output."""
        return self.answer(self.load([instance])[0])


_SUMMARIES = {
    "list": "List {all}",
    "retrieve": "Read {a}",
    "create": "Add {a}",
    "partial_update": "Change {a}",
    "destroy": "Delete {a}",
}


def article(name: str) -> str:
    """The indefinite article that goes with `name`."""
    return "an" if name[0] in "aeiou" else "a"


@cache
def _service(services: ModuleType, verb: str, model: type[Entity]) -> Callable[..., Any]:
    found = service_of(services, verb, model)
    if found is None:
        raise ImproperlyConfigured(f"{services.__name__} has no {verb}_{model.noun}().")
    return found


# --- The standard actions --------------------------------------------------------------------


class ListMixin(StandardViewSet):
    """`list`: every object that the filters let pass, in pages where a pagination is set."""

    def list(self, request: Request, **path: str) -> Response:
        found = self.filter_queryset(self.get_queryset())
        page = self.paginate_queryset(found)
        instances = self.load(list(found) if page is None else page)
        context = self.get_serializer_context()
        shown = [represent(self.listed_class(), one, context) for one in instances]
        if page is None:
            return Response({self.list_name: shown})
        return self.get_paginated_response(shown)


class RetrieveMixin(StandardViewSet):
    """`get`: one object."""

    def retrieve(self, request: Request, **path: str) -> Response:
        return self.show(self.get_object())


class CreateMixin(StandardViewSet):
    """`create`: a new object."""

    def create(self, request: Request, **path: str) -> Response:
        return self.show(self.service("create")(self.actor, **self.get_values()))


class UpdateMixin(StandardViewSet):
    """`update`: what is left out keeps its value."""

    def partial_update(self, request: Request, **path: str) -> Response:
        instance = self.get_object()
        values = self.get_values(instance)
        return self.show(self.service("update")(self.actor, instance, **values))


class DestroyMixin(StandardViewSet):
    """`delete`: with confirmation, after its impact was shown."""

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
    def restore(self, request: Request, **path: str) -> Response:
        instance = get_any(self.model(), self.validated["id"], lock=True)
        return self.show(self.service("restore")(self.actor, instance))

    @classmethod
    def standard_declaration(cls, endpoint: str) -> Declaration | None:
        if endpoint != "restore":
            return super().standard_declaration(endpoint)
        return Declaration(
            f"Restore a deleted {cls.model()._meta.verbose_name}",
            cls.descriptions.get(endpoint, ""),
            action="restore",
            input=RowIdInput,
            output=cls.serializer_class,
        )


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

    @classmethod
    def standard_declaration(cls, endpoint: str) -> Declaration | None:
        about = cls.model()._meta.verbose_name
        output = secrets_output(cls.serializer_class, cls.lookup_name())
        if endpoint == "set_secret":
            given = secrets_input(cls.serializer_class, cls.secrets)
            return Declaration(
                f"Store a {about}'s credentials", "", action=endpoint, input=given, output=output,
                access=Access.SECRETS,
            )  # fmt: skip
        if endpoint == "clear_secret":
            given = secrets_to_clear(cls.serializer_class, cls.secrets)
            return Declaration(
                f"Clear a {about}'s credentials", "", action=endpoint, input=given, output=output,
                access=Access.SECRETS, destructive=True,
            )  # fmt: skip
        return super().standard_declaration(endpoint)

    @action(detail=True, methods=["put"], url_path="secret")
    def set_secret(self, request: Request, **path: str) -> Response:
        instance = self.get_object()
        return self.answer(self.services.set_secrets(self.actor, instance, **self.validated))

    @action(detail=True, methods=["delete"], url_path="secret")
    def clear_secret(self, request: Request, **path: str) -> Response:
        names = [name for name, chosen in self.validated.items() if chosen]
        return self.answer(self.services.clear_secrets(self.actor, self.get_object(), *names))

    def clear_secret_impact(self) -> dict[str, Any]:
        name = self.lookup_name()
        return {name: self.kwargs[name], "cleared": sorted(self.validated)}


class BulkMixin(ManageViewSet):
    """`bulk`: many changes of one collection in one request, all of them or none."""

    @classmethod
    def standard_declaration(cls, endpoint: str) -> Declaration | None:
        if endpoint != "bulk":
            return super().standard_declaration(endpoint)
        return Declaration(
            f"Change many {cls.prefix.replace('-', ' ')} at once",
            f"Up to {bulk.MAX_ITEMS} items, all or nothing. Each item needs the scope of its own "
            "action; one confirmation covers every delete. Errors name the item by its index.",
            action="bulk",
            input=bulk.BulkInput,
            output=bulk.BulkSerializer,
        )

    @action(detail=False, methods=["post"])
    def bulk(self, request: Request, **path: str) -> Response:
        return Response(bulk.run_items(self))


class EntityViewSet(
    ListMixin, RetrieveMixin, CreateMixin, UpdateMixin, DestroyMixin, SecretsMixin, BulkMixin
):
    """An entity with the five standard operations, bulk and, where it has any, its secrets."""


# --- Other kinds of things -------------------------------------------------------------------


class SingletonViewSet(ManageViewSet):
    """Something of which there is exactly one: `get` on the collection's own path."""

    serializer_class: Any
    summary: ClassVar[str]

    @classmethod
    def standard_declaration(cls, endpoint: str) -> Declaration | None:
        if endpoint != "list":
            return super().standard_declaration(endpoint)
        return Declaration(cls.summary, "", cls.serializer_class, None, "get")

    def list(self, request: Request, **path: str) -> Response:
        return self.answer(self.get_object())


class Switchable(ListMixin, RetrieveMixin):
    """Something installed that is switched on and off and has a config: modules, integrations.

    `find_all` and `find_one` read what is installed; each has a `state`, which the services change.
    """

    pagination_class = None
    config_serializer_class: ClassVar[SerializerClass]
    find_all: Any
    find_one: Any
    flag: ClassVar[str]
    """The field that tells whether it is switched on."""

    def get_queryset(self) -> Any:
        return self.find_all()

    def get_object(self) -> Any:
        slug = self.kwargs[self.lookup_name()]
        if self.locks:
            self.services.locked_state(slug)
        return self.find_one(slug)

    def switch(self, on: bool, service: Callable[..., Any]) -> Response:
        """Switch the object with the app's `service`."""
        service(self.actor, self.get_object().state)
        name = self.lookup_name()
        return Response({name: self.kwargs[name], self.flag: on})

    @classmethod
    def standard_declaration(cls, endpoint: str) -> Declaration | None:
        if endpoint != "update_config":
            return super().standard_declaration(endpoint)
        name = str(cls.model()._meta.verbose_name)
        return Declaration(
            f"Change {article(name)} {name}'s config",
            cls.descriptions.get(endpoint, ""),
            action=endpoint,
            input=config_input(cls.resource),
            output=cls.config_serializer_class,
        )

    @action(detail=True, methods=["patch"], url_path="config")
    def update_config(self, request: Request, **path: str) -> Response:
        found = self.get_object()
        self.services.update_config(self.actor, found.state, **self.validated)
        return self.answer(found)
