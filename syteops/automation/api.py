"""Automation variables over the Manage API."""

from typing import Any

from django.conf import settings

from manage_api.calls import Call, Document
from manage_api.concurrency import etag_of_data
from manage_api.operations import Access, operation, register
from manage_api.resources import PathParam, Resource
from manage_api.serializers import deleted, listing
from syteops.automation import queries, services
from syteops.automation.export import as_env
from syteops.automation.models import Variable
from syteops.automation.names import PATH_PATTERN, free_key
from syteops.automation.serializers import (
    CatalogInput,
    CatalogVariableSerializer,
    ExportInput,
    ResyncSerializer,
    VariableInput,
    VariableSerializer,
    VariablesExportSerializer,
)

KEY_HELP = PathParam(
    "The key of a free-form variable, or the full name of any variable in the catalogue.",
    PATH_PATTERN,
)


@register
class Variables(Resource):
    resource = "variables"
    collection = "variables"
    model = Variable
    lookup = "key"
    path_help = {"key": KEY_HELP}

    @operation(
        "List the automation variables",
        method="GET",
        path="",
        input=CatalogInput,
        output=listing("variables", CatalogVariableSerializer, paged=True),
    )
    def catalog(self, call: Call) -> Any:
        """Every variable that has a value, by name. It is derived at every read."""
        values = call.values
        found = queries.catalogue(values.get("source", ""), values.get("search", ""))
        page, per_page = values["page"], values.get("per_page", settings.MANAGE_API_PAGE_SIZE)
        shown = found[(page - 1) * per_page : page * per_page]
        return {
            "variables": CatalogVariableSerializer(shown, many=True).data,
            "total": len(found),
            "page": page,
            "per_page": per_page,
        }

    @operation("Read a variable", output=VariableSerializer)
    def get(self, call: Call) -> Any:
        return queries.find_variable(call.path["key"], lock=call.locks)

    @operation(
        "Set a free-form variable",
        method="PUT",
        path="{key}",
        input=VariableInput,
        output=VariableSerializer,
    )
    def set(self, call: Call) -> Any:
        """Creates or changes it. A blank value removes it, and is what the answer shows then."""
        key = free_key(call.path["key"])
        variable = services.set_variable(call.actor, call.path["key"], **call.values)
        return queries.record_of(variable or Variable(key=key, value=""))

    @operation("Delete a free-form variable", output=deleted("key"))
    def delete(self, call: Call) -> Any:
        variable = _variable(call)
        services.delete_variable(call.actor, variable)
        return {"key": variable.key, "deleted": True}

    def delete_impact(self, call: Call) -> dict[str, Any]:
        variable = _variable(call)
        return {"name": variable.name, "value": variable.value}

    @operation(
        "Export all variables",
        method="GET",
        path="export",
        input=ExportInput,
        output=VariablesExportSerializer,
        documents=("text/plain",),
    )
    def export(self, call: Call) -> Any:
        """Every name and value in one flat document. Poll it with If-None-Match: an unchanged
        catalogue answers 304."""
        exported = queries.exported()
        if call.values["format"] == "env":
            return Document(as_env(exported), "text/plain; charset=utf-8")
        return exported

    @operation(
        "Derive the catalogue again",
        method="POST",
        path="resync",
        access=Access.WRITE,
        output=ResyncSerializer,
    )
    def resync(self, call: Call) -> Any:
        """The catalogue is derived at every read, so this changes nothing: it only says how many
        variables there are, and gives a digest to compare."""
        exported = queries.exported()
        digest = etag_of_data(exported).strip('"')
        return {"resynced": True, "count": len(exported), "digest": digest}


def _variable(call: Call) -> Variable:
    return queries.get_variable(call.path["key"], lock=call.locks)
