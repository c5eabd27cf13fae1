"""What the standard actions take and answer, by what their viewset says."""

from typing import Any

from rest_framework import serializers

from manage_api.changes import UpdatedSinceBackend, sync_fields
from manage_api.serializers import StrictSerializer, deleted, listing, secrets_output


def query_of_list(viewset: Any) -> Any:
    """What a list takes: the parameters of its filter backends and of its pages, strictly."""
    parts = [backend().get_fields(viewset()) for backend in viewset.filter_backends]
    if viewset.pagination_class is not None:
        parts.append(viewset.pagination_class().get_fields())
    fields = {name: field for part in parts for name, field in part.items()}
    return type(f"{viewset.__name__}Query", (StrictSerializer,), fields) if fields else None


def answer_of_list(viewset: Any) -> Any:
    """The entries under their name, with what pages and `updated_since` add."""
    shown, pagination = viewset.listed_class(), viewset.pagination_class
    pages = pagination.answer_class if pagination else serializers.Serializer
    tells = UpdatedSinceBackend in viewset.filter_backends
    further = sync_fields(viewset, shown) if tells else {}
    return listing(viewset.list_name, shown, pages, **further)


def input_of_change(viewset: Any) -> Any:
    """What it answers, without what is read only, unless it says otherwise."""
    return viewset.input_serializer_class or viewset.serializer_class


def input_of_create(viewset: Any) -> Any:
    """What a change takes, unless it says otherwise."""
    return viewset.create_serializer_class or input_of_change(viewset)


def answer_of_delete(viewset: Any) -> Any:
    """Which one is gone."""
    return deleted(viewset.lookup_name())


def answer_of_secrets(viewset: Any) -> Any:
    """Which secrets are set, and never one of them."""
    return secrets_output(viewset.serializer_class, viewset.lookup_name())
