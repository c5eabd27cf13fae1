"""Things that are installed and switched on and off: modules, integrations."""

from datetime import datetime
from typing import Any, ClassVar

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api.operations import SerializerClass, operation
from manage_api.serializers import config_input, switched
from manage_api.viewsets import ListMixin, RetrieveMixin
from syteops.audit.queries import changes_on


def _switch(name: str, *, destructive: bool) -> Any:
    """The action that has the service `name` switch an object on or off."""

    def switch(self: Any, request: Request, **path: str) -> Response:
        state = getattr(self.services, name)(self.actor, self.get_object().state)
        return Response({**path, state.switch: getattr(state, state.switch)})

    switch.__name__ = name
    declare = operation(f"{name.title()} {{a}}", output=_switched, destructive=destructive)
    return action(detail=True, methods=["post"])(declare(switch))


def _switched(viewset: Any) -> Any:
    return switched(viewset.resource, viewset.lookup_name(), viewset.model().switch)


class Switchable(ListMixin, RetrieveMixin):
    """Something installed that is switched on and off and has a config: modules, integrations.

    `find_all` and `find_one` read what is installed; each has a `state`, which the services change.
    What switches it are operations, named as the model names the services for it.
    """

    pagination_class = None
    config_serializer_class: ClassVar[SerializerClass]
    find_all: Any
    find_one: Any
    turning_off_impact: Any
    """What switching the object off would take away."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        model: Any = cls.model()
        setattr(cls, model.turn_on, _switch(model.turn_on, destructive=False))
        setattr(cls, model.turn_off, _switch(model.turn_off, destructive=True))
        setattr(cls, f"{model.turn_off}_impact", cls.impact_of_turning_off)

    def get_queryset(self) -> Any:
        return self.find_all()

    def changed_since(self, found: Any, since: datetime) -> Any:
        """Those that were switched or configured since, or got another secret."""
        named = changes_on(self.resource, since).values_list("object_id", flat=True)
        slugs = {name.partition("/")[0] for name in named}
        return [one for one in found if one.slug in slugs]

    def get_object(self) -> Any:
        slug = self.kwargs[self.lookup_name()]
        if self.locks:
            self.services.locked_state(slug)
        return self.find_one(slug)

    def impact_of_turning_off(self) -> dict[str, Any]:
        impact: dict[str, Any] = self.turning_off_impact(self.get_object())
        return impact

    @action(detail=True, methods=["patch"], url_path="config")
    @operation(
        "Change {a}'s config",
        input=lambda viewset: config_input(viewset.resource),
        output=lambda viewset: viewset.config_serializer_class,
    )
    def update_config(self, request: Request, **path: str) -> Response:
        found = self.get_object()
        self.services.update_config(self.actor, found.state, **self.validated)
        return self.answer(found)
