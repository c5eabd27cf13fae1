"""The base of every viewset: how a call comes in, and what its actions find prepared.

A viewset runs for REST, for dispatch and for each item of a bulk alike: `execution` calls its
method with the validated input in `self.validated`. No safety rule is written in an app.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar, NamedTuple, Self

from django.db.models import AutoField, Model
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from manage_api import execution
from manage_api.answers import rest_answer
from manage_api.calls import Call, CallRequest
from manage_api.errors import ApiError
from manage_api.operations import Operation
from manage_api.query import flag_of, query_of, refuse_query
from manage_api.rendering import document_renderer
from manage_api.shared import represent
from manage_api.views import ApiView
from syteops.core.actors import Actor
from syteops.core.entities import Numbered
from syteops.core.errors import FieldError, Invalid
from syteops.core.identifiers import ANY_NAME, ROW_ID, SLOT
from syteops.core.permissions import permission_name
from syteops.lib.paths import is_dry_run
from syteops.lib.text import with_article

FLAGS = ("confirm", "dry_run")
_WRITES = {"Allow": "POST, PUT, PATCH, DELETE"}


class PathParam(NamedTuple):
    """What a path parameter names, and the form (ECMA 262) of those that can name something."""

    description: str
    pattern: str = ""

    @property
    def is_row_id(self) -> bool:
        """Whether dispatch takes it as a number too, because that is how answers show it."""
        return self.pattern == ROW_ID


class ManageViewSet(ApiView, GenericViewSet):  # type: ignore[type-arg]
    """Base of every viewset of operations.

    `register` sets `resource`, `prefix` and `operations` (by method name). While an operation runs,
    `validated` is its input, `actor` the caller under whose name changes are recorded, and `locks`
    tells whether what is read must be locked.
    """

    resource: ClassVar[str]
    prefix: ClassVar[str]
    operations: ClassVar[dict[str, Operation]] = {}
    title: ClassVar[str] = ""
    """What people call the resource; by itself the model's plural."""
    about: ClassVar[str] = ""
    """A sentence on the resource, for developers who see it the first time."""
    list_name: ClassVar[str] = "items"
    """Under which a list answers its entries."""
    lookup_help: ClassVar[PathParam | None] = None
    """What `lookup_url_kwarg` names, where the model does not tell."""
    path_help: ClassVar[Mapping[str, PathParam]] = {}
    """The same for further path parameters."""
    why_read_only: ClassVar[str] = ""
    """What a refused write is told (405) where writes never exist."""
    why_no_sync: ClassVar[str] = ""
    """What to do instead of asking with `updated_since`, where lists do not take it."""
    impact_reads: ClassVar[Mapping[str, str]] = {}
    """The parts of an impact that belong to other resources, by the resource to read."""
    search_reads: ClassVar[Mapping[str, str]] = {}
    """The same of its `search_fields`: to who may not read that, each answer would tell whether a
    guess at such a value is right."""
    asks_by_effect: ClassVar[frozenset[str]] = frozenset(("bulk",))
    """The methods that need confirmation only for what some calls of them amount to."""
    further_permissions: ClassVar[Mapping[str, str]] = {}
    """By method name, the permission that some of its calls need as well (see `further_right`).

    Whoever gives a key the scope of such a method must hold it: a key is asked for scopes only.
    """
    fitting: Any = staticmethod(len)
    """How many of the first rows of these keys can be read at once: there a page ends."""
    summaries: ClassVar[Mapping[str, str]] = {}
    """By method name, the summaries of inherited actions whose usual words do not fit."""
    seals_answers: ClassVar[bool] = False
    """Whether answers to writes may show a secret: then what is kept for retries is sealed."""
    keeps: ClassVar[frozenset[str]] = frozenset()
    """The reads, by method name, whose answers follow from the call, the database and the day."""
    descriptions: ClassVar[Mapping[str, str]] = {}
    """By method name, what developers are told of inherited actions beyond their summary."""
    actions: ClassVar[Mapping[str, str]] = {}
    """By method name, what dispatch calls inherited actions, where not by their usual names."""

    operation: Any = None
    """The `Operation` of this request; None for a method that the address does not know."""
    call: Call
    locks: bool = False
    locked_object: Any = None
    """What the path names, once a write has found it: locked, so that nobody else changes it."""
    validated: dict[str, Any]
    has_looked: bool = False
    """Whether the input was validated; then it is in `validated`, or `wrong_input` says why not."""
    wrong_input: Exception | None = None
    inner: Sequence["ManageViewSet | Exception"] | None = None
    """What does each item of a bulk, or why nothing does."""
    has_paid: bool = False
    """Whether the items were charged, however often the call is tried."""
    _actor: Actor | None = None
    most_counted: int | None = None
    """Of more than so many a list tells no total; None counts all there are."""
    impact: dict[str, Any] | None = None

    # --- What it declares ---

    @classmethod
    def model(cls) -> type[Model]:
        """Whose Django permissions a logged-in person needs."""
        assert cls.queryset is not None
        return cls.queryset.model

    @classmethod
    def permission_name(cls, verb: str) -> str:
        """The Django permission for `verb` on this resource, such as `crm.change_crmsystem`."""
        return permission_name(cls.model(), verb)

    @classmethod
    def lookup_name(cls) -> str:
        """The path parameter that names a single object."""
        return cls.lookup_url_kwarg or cls.lookup_field

    @classmethod
    @cache
    def path_param(cls, name: str) -> PathParam:
        """What a path parameter names. A text that does not fit its pattern names nothing."""
        if name == cls.lookup_name():
            return cls.lookup_help or _usual_param(cls.model(), name)
        return cls.path_help.get(name, PathParam("", ANY_NAME))

    @classmethod
    def names(cls) -> dict[str, str]:
        """What summaries may call the model's objects."""
        meta = cls.model()._meta
        name = str(meta.verbose_name)
        return {
            "a": with_article(name),
            "name": name,
            "all": f"the {meta.verbose_name_plural}",
            "many": str(meta.verbose_name_plural),
        }

    # --- What it amounts to ---

    def further_right(self, operation: Operation) -> Operation:
        """For `effects`: that operation, by whom this method's further permission is held."""
        return replace(operation, permission=self.further_permissions[self.operation.endpoint])

    def effects(self) -> list[Operation]:
        """Further operations that this very call amounts to: it needs their rights, and consent.

        Called under the locks of the write, so that the answer still holds when it is done.
        """
        return []

    # --- How a call comes in ---

    @property
    def is_kept(self) -> bool:
        """Whether the answer to this read follows from the call, the database and the day."""
        return self.operation.endpoint in self.keeps

    @property
    def only_tries(self) -> bool:
        """Whether the call came to the address of the operation's dry run."""
        return is_dry_run(self.request.path_info)

    @property
    def writes(self) -> bool | None:
        return self.operation.writes if self.operation else None

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        made = super().initialize_request(request, *args, **kwargs)
        if found := self.operations.get(self.action or ""):
            self.operation = found
            # DRF would call the action itself; around it lies the way of one call.
            setattr(self, str(request.method).lower(), self.run_operation)
        return made

    def run_operation(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Run this request's operation and answer it over REST."""
        if self.only_tries and not self.operation.writes:
            raise ApiError("method_not_allowed", "Only writes have a dry run.", headers=_WRITES)
        self.prepare(self._read_call(request))
        return rest_answer(self, execution.run(self))

    @classmethod
    def for_operation(
        cls, operation: Operation, outer: ApiView, path: Mapping[str, Any], call: Call
    ) -> Self:
        """The view as DRF would set it up, for a call that came in with another view's request."""
        view = cls()
        view.request = CallRequest(outer.request, call.input)
        view.args, view.kwargs, view.format_kwarg = (), dict(path), None
        view.action, view.operation = operation.endpoint, operation
        view.principal = outer.principal
        view.channel = outer.channel  # type: ignore[misc]  # of this very view
        view.input_pointer = outer.input_pointer
        view.prepare(call)
        return view

    def prepare(self, call: Call, actor: Actor | None = None) -> None:
        """Get ready to run `call`; `actor` is whose trail it belongs to, by itself a new one."""
        self.call = call
        self._actor = actor
        self.locks = self.operation.writes
        self.validated = {}

    def forget_attempt(self) -> None:
        """Get ready to run the call once more: what an attempt that was undone has found is no
        longer locked, and no longer what is stored.
        """
        self.actor.trail.clear()
        self.validated, self.impact, self.locked_object = {}, None, None
        self.has_looked, self.wrong_input = False, None

    def look_further(self) -> None:
        """Called when the input is right, before the transaction: for what asks no database."""

    @property
    def actor(self) -> Actor:
        """The caller, in whose trail changes are recorded. Most reads never ask for it."""
        if self._actor is None:
            self._actor = self.make_actor(self.operation.name)
        return self._actor

    @actor.setter
    def actor(self, actor: Actor) -> None:
        self._actor = actor

    def was_read(self) -> None:
        """Called when a read is answered, also with what is kept or a 304: for what is counted.

        It may take no query and wait for nothing.
        """

    def _read_call(self, request: Request) -> Call:
        query = query_of(request)
        names = FLAGS if self.operation.writes and not self.only_tries else ()
        flags = {name: flag_of(query.pop(name, "false"), name) for name in names}
        flags |= {"dry_run": True} if self.only_tries else {}
        if not self.operation.takes_body:
            if asked := self.operation.documents.get(request.accepted_media_type):
                query.setdefault("format", asked)
            return Call(query, is_text=True, **flags)
        refuse_query(query)
        if not isinstance(request.data, dict):
            raise Invalid([FieldError((), "invalid", "Send a JSON object.")])
        return Call(request.data, **flags)

    def get_renderers(self) -> list[Any]:
        """JSON, and whatever else this request's operation can answer in."""
        media_types = self.operation.documents if self.operation else ()
        return [*super().get_renderers(), *(document_renderer(one)() for one in media_types)]

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        if self.why_read_only:
            raise ApiError("method_not_allowed", self.why_read_only)
        raise MethodNotAllowed(str(request.method))

    def location_of(self, data: Any) -> str:
        """The path of what a write has made, by its answer; "" where there is no such thing."""
        name, operation = self.lookup_name(), self.operation
        is_made = operation.status == 201 and name in data
        return f"{operation.path}/{data[name]}" if is_made else ""

    # --- For the actions ---

    def get_serializer_class(self) -> Any:
        return self.operation.output

    def answer(self, shown: Any) -> Response:
        """`shown` as the operation's output."""
        return Response(represent(self.operation.output, shown, self.get_serializer_context()))


def _usual_param(model: type[Model], name: str) -> PathParam:
    label = str(model._meta.verbose_name)
    if issubclass(model, Numbered):
        return PathParam(f'Number of a {label}, such as "001".', SLOT)
    if isinstance(model._meta.pk, AutoField) and name == "id":
        return PathParam(f"The id of the {label}.", ROW_ID)
    return PathParam("", ANY_NAME)
