"""What an entity's API offers where areas make suggestions about it."""

from typing import Any, cast

from django.utils.module_loading import autodiscover_modules
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api.base import PathParam
from manage_api.operations import operation
from manage_api.serializers import listing
from manage_api.viewsets import StandardViewSet
from syteops.ai import queries, suggestions, tasks
from syteops.ai.areas import Area, areas_about
from syteops.ai.editing import Edits
from syteops.ai.serializers import AiAcceptInput, AiSuggestionSerializer
from syteops.core.entities import Entity
from syteops.core.identifiers import UUID


class SuggestionsMixin(StandardViewSet):
    """Suggestions for an object: read by who may read it, decided by who may change it too.

    Each area that makes suggestions about the viewset's model adds an operation that asks its AI.
    """

    path_help = {"suggestion": PathParam("The suggestion's id.", UUID)}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        autodiscover_modules("ai")  # perhaps nobody has asked for the areas before
        for area in areas_about(cast(type[Entity], cls.model())):
            setattr(cls, f"suggest_{area.name_in_resource}", _suggest(area))

    def location_of(self, data: Any) -> str:
        if self.operation.status != 202:
            return super().location_of(data)
        path = self.operations["get_suggestion"].path
        return path.format(**{**self.kwargs, "suggestion": data["suggestion"]})

    @action(detail=True, url_path="suggestions")
    @operation("List the suggestions for {a}", output=listing("items", AiSuggestionSerializer))
    def list_suggestions(self, request: Request, **path: str) -> Response:
        """What AI has suggested for it, or is being asked for: the newest fifty, the newest first.
        Kept for thirty days."""
        found = queries.suggestions_about(self.get_object())
        return self.answer({"items": queries.newest(found)})

    @action(detail=True, url_path="suggestions/<str:suggestion>")
    @operation("Read a suggestion for {a}", output=AiSuggestionSerializer)
    def get_suggestion(self, request: Request, suggestion: str, **path: str) -> Response:
        """How far it is, and what is suggested. Ask again while it is `queued` or `running`."""
        return self.answer(queries.get_suggestion(self.get_object(), suggestion))

    @action(detail=True, methods=["post"], url_path="suggestions/<str:suggestion>/accept")
    @operation(
        "Accept a suggestion for {a}",
        input=AiAcceptInput,
        output=lambda viewset: viewset.listed_class(),
    )
    def accept_suggestion(self, request: Request, suggestion: str, **path: str) -> Response:
        """Stores the chosen items, with your changes, as the usual change would. Refused
        (`conflict`) if the text that the AI was given has changed since."""
        about = self.get_object()
        found = queries.get_suggestion(about, suggestion, lock=True)
        chosen, edits = self.validated["items"], Edits(self.validated.get("changes", {}))
        return self.show(suggestions.accept(self.actor, found, about, chosen, edits))

    @action(detail=True, methods=["post"], url_path="suggestions/<str:suggestion>/dismiss")
    @operation("Dismiss a suggestion for {a}", output=AiSuggestionSerializer)
    def dismiss_suggestion(self, request: Request, suggestion: str, **path: str) -> Response:
        """Its texts are deleted. One that is still asked for is cancelled."""
        found = queries.get_suggestion(self.get_object(), suggestion, lock=True)
        return self.answer(suggestions.dismiss(self.actor, found))


def _suggest(area: Area) -> Any:
    """The operation that has the area's AI asked."""
    name = area.name_in_resource

    def suggest(self: SuggestionsMixin, request: Request, **path: str) -> Response:
        return self.answer(tasks.suggest(self.actor, area, self.get_object()))

    suggest.__name__ = f"suggest_{name}"
    suggests = area.get_suggests()
    declared = operation(
        suggests.title,
        description=f"{suggests.sends} That is done in the background: the answer is the "
        "suggestion, to be asked about at the address in Location. Nothing is stored in the object "
        "before it is accepted.",
        output=AiSuggestionSerializer,
        status=202,
    )
    return action(detail=True, methods=["post"], url_path=f"{name}/suggest")(declared(suggest))
