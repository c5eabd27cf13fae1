"""The admin's write path: every form, inline and bulk action saves through an app's services.

Django's admin wants to save models by itself. `ServiceAdmin` takes the cleaned values instead and
hands them to the service that the API uses too, so the same rules hold and the same audit entries
are written. What a service refuses appears beside its field, and nothing is stored.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from types import ModuleType
from typing import Any, ClassVar

from django import forms
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldBooleanSwitchWidget

from syteops.adminkit import consequences
from syteops.adminkit.acting import admin_actor
from syteops.adminkit.list_tabs import ListTabsAdmin
from syteops.adminkit.races import check_references
from syteops.adminkit.rows import in_order
from syteops.adminkit.searched_choices import make_searched
from syteops.adminkit.secret_states import state_in_words
from syteops.adminkit.stale_forms import (
    GuardedAdmin,
    RefusableForm,
    changes_of,
    refuse_if_unseen,
)
from syteops.audit.models import AuditEntry
from syteops.audit.queries import entries_of
from syteops.audit.visibility import readable_resources
from syteops.core.consequences import Watch, foresee, who_relies, words_of
from syteops.core.entities import Entity
from syteops.core.form_fields import SecretField, SwitchField
from syteops.core.impacts import impact_in_words
from syteops.core.long_writes import while_others_wait
from syteops.core.permissions import permission_name
from syteops.core.services import service_of


class ServiceForm(RefusableForm, forms.ModelForm):  # type: ignore[type-arg]
    """A model form that shows what a service refused on the first try beside its field."""


class ServiceAdmin(ListTabsAdmin, GuardedAdmin):
    """Base of every entity's admin.

    `services` is the app's module of that name: its `create_<noun>(actor, **values)`,
    `update_<noun>(actor, object, **values)` and `delete_<noun>(actor, object)` do the work; without
    one, that action is not offered. `inline_values` names, for each inline's model, the value under
    which its rows (dicts) are handed over. `secret_fields` are stored by the module's
    `set_secrets(actor, object, **texts)` and `clear_secrets(actor, object, *names)`, and shown only
    as "set on …", or as unreadable.
    """

    form = ServiceForm
    services: ModuleType
    secret_fields: ClassVar[Sequence[str]] = ()
    fixed_fields: ClassVar[Sequence[str]] = ()
    """What stays as it was when the object was made, because tools know the object by it."""
    inline_values: ClassVar[dict[type[models.Model], str]] = {}
    searched_fields: ClassVar[Mapping[str, Any]] = {}
    """By the name of a form's own field that chooses rows, a relation that leads to them."""
    change_form_after_template = "admin/who_relies.html"
    warn_unsaved_form = True
    list_filter_submit = True

    # --- What is offered ---

    def service(self, verb: str) -> Any:
        """The service that does it; None if there is none, so that nobody is offered it."""
        return service_of(self.services, verb, self.model.noun)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return bool(self.service("create")) and super().has_add_permission(request, *args)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.service("update")) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.service("delete")) and super().has_delete_permission(request, obj)

    # --- Forms ---

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        extra: dict[str, Any] = {"refusal": getattr(request, "refusal", None)}
        if self._may_set_secrets(request):
            extra |= self._secret_inputs(has_some=change)
        kwargs.setdefault("form", type("Form", (self.form,), extra))
        made = super().get_form(request, obj, change, **kwargs)
        for name, model_field in self.searched_fields.items():
            if name in made.base_fields:
                made.base_fields[name] = deepcopy(made.base_fields[name])  # the class's own
                make_searched(made.base_fields[name], model_field.field, request)
        return made

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = list(super().get_fieldsets(request, obj))
        if not self.secret_fields or (obj is None and not self._may_set_secrets(request)):
            return fieldsets
        shown: list[Any] = [f"{name}_state" for name in self.secret_fields]
        if obj is None:
            shown = [f"new_{name}" for name in self.secret_fields]
        elif self._may_set_secrets(request):
            inputs = [(f"new_{name}", f"clear_{name}") for name in self.secret_fields]
            shown = [one for pair in zip(shown, inputs, strict=True) for one in pair]
        return [*_without(fieldsets, shown), ("Secrets", {"fields": shown})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = [f"{name}_state" for name in self.secret_fields]
        return [
            *super().get_readonly_fields(request, obj),
            *([*shown, *self.fixed_fields] if obj else ()),
        ]

    def __getattr__(self, name: str) -> Any:
        if name.endswith("_state") and name.removesuffix("_state") in self.secret_fields:
            return _secret_state(name.removesuffix("_state"))
        raise AttributeError(name)

    def _may_set_secrets(self, request: HttpRequest) -> bool:
        if not self.secret_fields or not self.has_change_permission(request):
            return False
        return request.user.has_perm(permission_name(self.model, "set_secrets"))

    def _secret_inputs(self, *, has_some: bool) -> dict[str, forms.Field]:
        inputs: dict[str, forms.Field] = {}
        for name in self.secret_fields:
            label = name.replace("_", " ").replace("api", "API")
            kept = "; empty keeps what is there" if has_some else ""
            inputs[f"new_{name}"] = SecretField(
                label=f"New {label}" if has_some else capfirst(label),
                help_text=f"Stored encrypted. It is never shown again{kept}.",
                widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
            )
            if not has_some:
                continue
            inputs[f"clear_{name}"] = SwitchField(
                required=False, label=f"Clear {label}", widget=UnfoldBooleanSwitchWidget
            )
        return inputs

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With who would notice a change, before it is made."""
        if obj := kwargs.get("obj"):
            actor = admin_actor(request, f"{self.model.resource}.update")
            context["who_relies"] = who_relies(actor, obj)
        made: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return made

    # --- Saving ---

    def history(self, obj: Any) -> models.QuerySet[AuditEntry]:
        return entries_of(obj)

    def changes(self, object_id: str) -> models.QuerySet[AuditEntry]:
        return changes_of(self.model.resource, object_id)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing: the inlines belong to the same change, so `save_related` stores all at once."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        values = self.service_values(form, formsets)
        if change:
            saved = self._change(request, form, values)
        else:
            actor = admin_actor(request, f"{self.model.resource}.create")
            saved = self.service("create")(actor, **values)
            given = {name: form.cleaned_data.get(f"new_{name}") for name in self.secret_fields}
            if texts := {name: text for name, text in given.items() if text}:
                self.services.set_secrets(actor, saved, **texts)
        check_references()
        form.instance.pk = saved.pk
        request.saved = saved  # type: ignore[attr-defined]
        for formset in formsets:
            formset.new_objects = formset.changed_objects = formset.deleted_objects = []

    def response_add(self, request: HttpRequest, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Tell of what is stored: the form's own object lacks what the services have given it."""
        return super().response_add(request, request.saved, *args, **kwargs)  # type: ignore[attr-defined]

    def response_change(self, request: HttpRequest, obj: Any) -> Any:
        return super().response_change(request, request.saved)  # type: ignore[attr-defined]

    def service_values(self, form: Any, formsets: Any) -> dict[str, Any]:
        """The values that changed in the form, and the rows of each inline that changed."""
        columns = {field.name for field in self.model._meta.get_fields()} | set(self.extra_values)
        values = {n: form.cleaned_data[n] for n in form.changed_data if n in columns}
        for formset in formsets:
            name = self.inline_values.get(formset.model)
            if name and formset.has_changed():
                values[name] = in_order([_row(one) for one in formset.forms if _is_kept(one)])
        return values

    extra_values: ClassVar[Sequence[str]] = ()
    """Form fields beyond the model's own that the services take."""

    def _change(self, request: HttpRequest, form: Any, values: dict[str, Any]) -> Entity:
        actor = admin_actor(request, f"{self.model.resource}.update")
        obj = self.locked(form.instance.pk)
        refuse_if_unseen(request, self.changes(str(obj.pk)))
        if values:
            self.service("update")(actor, obj, **values)
        for name in self.secret_fields:
            if text := form.cleaned_data.get(f"new_{name}"):
                self.services.set_secrets(actor, obj, **{name: text})
            elif form.cleaned_data.get(f"clear_{name}"):
                self.services.clear_secrets(actor, obj, name)
        return obj  # type: ignore[no-any-return]

    # --- Deleting ---

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        actor = admin_actor(request, f"{self.model.resource}.delete")
        self.service("delete")(actor, self.locked(obj.pk))
        check_references()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """All of the selection or, if one is refused, none of it."""
        with transaction.atomic():
            for obj in while_others_wait(queryset):
                self.delete_model(request, obj)

    def render_delete_form(self, request: HttpRequest, context: dict[str, Any]) -> Any:
        """Without the scripts of the list's filters, which fail on a page without a list."""
        response = super().render_delete_form(request, context)
        response.context_data["media"] = consequences.MEDIA
        return response

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The objects, and what goes with them as far as the app says so."""
        lacking = set() if self.has_delete_permission(request) else {self.opts.verbose_name}
        shown: list[Any] = []
        for one in objs:
            shown += filter(None, (str(one), self.goes_with(request, one)))
        if not (lacking or "post" in request.POST):  # else nobody is asked
            shown += self._consequences(objs, request)
        return shown, {self.opts.verbose_name_plural: len(objs)}, lacking, []

    def _consequences(self, objs: Any, request: HttpRequest) -> list[Any]:
        actor = admin_actor(request, f"{self.model.resource}.delete")
        if not Watch(actor):
            return []
        if consequences.is_for_later(request):
            return [consequences.LATER]

        def delete() -> None:
            for one in while_others_wait(objs):
                self.service("delete")(actor, self.locked(one.pk))

        return consequences.lines_of(words_of(foresee(actor, delete)))

    def goes_with(self, request: HttpRequest, obj: Any) -> list[Any]:
        """What is lost with the object when it is deleted: the very impact that the API tells."""
        told = impact_in_words(self.model, obj, readable_resources(request.user))
        return [line for label, texts in told for line in _as_lines(label, texts)]


def _as_lines(label: str, texts: list[str]) -> list[Any]:
    return [f"{label}: {texts[0]}"] if len(texts) == 1 else [label, texts]


def _secret_state(name: str) -> Callable[[Any], str]:
    def state(obj: Any) -> str:
        return state_in_words(obj, name)

    state.short_description = name.replace("_", " ").replace("api", "API")  # type: ignore[attr-defined]
    return state


def _without(fieldsets: Any, shown: list[Any]) -> list[Any]:
    flat = {n for one in shown for n in (one if isinstance(one, tuple) else (one,))}
    return [
        (title, {**options, "fields": [n for n in options["fields"] if n not in flat]})
        for title, options in fieldsets
    ]


def _is_kept(form: Any) -> bool:
    """Whether an inline's row is to be there afterwards."""
    data = form.cleaned_data
    return bool(data) and not data.get("DELETE") and (form.instance.pk or form.has_changed())


def _row(form: Any) -> dict[str, Any]:
    """An inline's row; `id` tells the services which stored row it is."""
    row = {n: value for n, value in form.cleaned_data.items() if n not in ("DELETE", "id")}
    return {**row, "id": form.instance.pk} if form.instance.pk else row
