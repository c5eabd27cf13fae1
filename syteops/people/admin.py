"""People and groups: Django's own forms in the theme, with our audit trail and no way up.

Only a superuser gives rights, directly or through a group. Whoever may change people changes only
those who may do no more than they themselves.
"""

from copy import copy
from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.hashers import is_password_usable
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm

from syteops.adminkit.acting import admin_actor
from syteops.adminkit.confirmed_action import Question, confirmed
from syteops.adminkit.moments import moment
from syteops.adminkit.races import check_references, lock_row
from syteops.adminkit.searched_choices import SearchedFilter
from syteops.adminkit.stale_forms import (
    GuardedAdmin,
    RefusableForm,
    changes_among,
    refuse_if_unseen,
)
from syteops.audit.models import AuditEntry
from syteops.audit.queries import entries_about
from syteops.audit.visibility import readable_resources
from syteops.core.folding import ordered_by_unfolded
from syteops.core.impacts import MOST_TOLD
from syteops.core.search import search_unfolded
from syteops.lib.text import some_of
from syteops.people import factors, queries, rights, services
from syteops.people.confirmation import ConfirmedAdmin, confirming
from syteops.people.group_list import GroupColumns
from syteops.people.new_person import NewPersonForm
from syteops.people.username_forms import UserChangeForm

NO_WAY_BACK = (
    "This cannot be undone: password and second factor are kept nowhere. "
    "To keep the account, switch Active off in place of deleting."
)
RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


class RightsForm(RefusableForm):
    """Changes the rights that are offered, and leaves all others as they are."""

    rights_field: str

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        field = self.fields.get(self.rights_field)
        if isinstance(field, rights.RightsField) and self.rights_field in cleaned:
            instance = self.instance  # type: ignore[attr-defined]
            has = getattr(instance, self.rights_field) if instance.pk else Permission.objects.none()
            cleaned[self.rights_field] = field.with_others_of(cleaned[self.rights_field], has)
        return cleaned


class PasswordState(forms.Widget):
    """Only whether there is a password: nothing of its hash belongs on a page."""

    read_only = True

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        told = "A" if value and is_password_usable(value) else "No"
        link = '<p>{} password is set. <a class="so-link" href="../password/">Set another</a></p>'
        return format_html(link, told)


_WHAT_FOR = {
    "password": "",
    "is_active": "Off: the person cannot sign in. Take this in place of deleting.",
    "is_staff": "May sign in to this admin, and do there what the rights below allow.",
    "is_superuser": "May do everything, whatever is ticked below.",
    "groups": "The person has the rights of each group, beside those below.",
}


class PersonForm(RightsForm, UserChangeForm):
    """Refuses to lock everybody out."""

    rights_field = "user_permissions"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].widget = PasswordState()
        for name in _WHAT_FOR.keys() & self.fields.keys():
            self.fields[name].help_text = _WHAT_FOR[name]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kept = all(cleaned.get(n, True) for n in ("is_superuser", "is_active", "is_staff"))
        if not kept:
            services.lock_superusers()
        if not kept and queries.is_only_superuser(self.instance):
            self.add_error(None, "Make somebody else a superuser first: this is the only one.")
        return cleaned


class GroupForm(RightsForm, forms.ModelForm):  # type: ignore[type-arg]
    """A group's form."""

    rights_field = "permissions"


class AuditedAdmin(GuardedAdmin):
    """Records in our trail what Django's own forms store."""

    resource: str
    form: type[RightsForm]
    # People and groups are Django's own, without columns of ours, and few.
    search = staticmethod(search_unfolded)
    ordered_by = staticmethod(ordered_by_unfolded)

    def history(self, obj: Any) -> QuerySet[AuditEntry]:
        return entries_about(self.resource, str(obj.pk))

    def changes(self, object_id: str) -> QuerySet[AuditEntry]:
        return changes_among(entries_about(self.resource, object_id))

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if change:
            refusal = {"refusal": getattr(request, "refusal", None)}
            kwargs["form"] = type("Form", (self.form,), refusal)
        return super().get_form(request, obj, change, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == self.form.rights_field:
            return rights.RightsField(request.user, label="Rights")
        if db_field.name == "groups":
            ticks = forms.CheckboxSelectMultiple(attrs={"class": "so-ticks"})
            return forms.ModelMultipleChoiceField(
                Group.objects.order_by("name"), required=False, label="Groups", widget=ticks
            )
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """For who gives no rights, what there is in words."""
        fieldsets = super().get_fieldsets(request, obj)
        if request.user.is_superuser:
            return fieldsets
        own = self.form.rights_field
        return [
            (title, {**one, "fields": ["rights" if n == own else n for n in one["fields"]]})
            for title, one in fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        return fixed if request.user.is_superuser else (*fixed, "rights")

    @admin.display(description="Rights")
    def rights(self, obj: Any) -> str:
        """What was given here; what comes through groups is on their pages."""
        own = getattr(obj, self.form.rights_field).all()
        given = rights.in_words(queries.permission_names(own))
        shown = format_html_join("\n", "<p>{}</p>", ([one] for one in given))
        return shown or "No right of its own"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Of a change only what was changed in the form: all else stays as others have left it.

        Raises NotFound for what is gone; Django would make it anew, with the rights it had.
        """
        request.values_before = {}  # type: ignore[attr-defined]
        if not change:
            super().save_model(request, obj, form, change)
            return
        stored = lock_row(self.model, obj.pk)
        if not self.has_change_permission(request, stored):  # who was given more meanwhile
            raise PermissionDenied
        refuse_if_unseen(request, self.changes(str(obj.pk)))
        request.values_before = self.values(stored)  # type: ignore[attr-defined]
        columns = {field.name for field in self.model._meta.concrete_fields}
        obj.save(update_fields=columns.intersection(form.changed_data))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        check_references()
        actor = admin_actor(request, f"{self.resource}.{'update' if change else 'create'}")
        stored = lock_row(self.model, form.instance.pk)
        self.record(actor, stored, request.values_before)  # type: ignore[attr-defined]

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        services.lock_people()
        stored = lock_row(self.model, obj.pk)
        if not self.has_delete_permission(request, stored):
            raise PermissionDenied
        self.remove(admin_actor(request, f"{self.resource}.delete"), stored)
        check_references()

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """All of the selection or none of it."""
        for obj in queryset:
            self.delete_model(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """In place of Django's tree of tables: what people would miss."""
        *_, lacking, protected = super().get_deleted_objects(objs, request)
        lines = [line for one in objs for line in (str(one), self.goes_with(request, one)) if line]
        return lines, {self.opts.verbose_name_plural: len(objs)}, lacking, protected

    def goes_with(self, request: HttpRequest, obj: Any) -> list[str]:
        """What is lost with the object when it is deleted, in words."""
        raise NotImplementedError

    def values(self, stored: Any) -> dict[str, Any]:
        """What the trail compares."""
        raise NotImplementedError

    def record(self, actor: Any, obj: Any, before: dict[str, Any]) -> None:
        """Write the entry of a change."""
        raise NotImplementedError

    def remove(self, actor: Any, obj: Any) -> None:
        """Delete it, with all that has to be recorded."""
        raise NotImplementedError


for one in (User, Group, Authenticator, EmailAddress):
    admin.site.unregister(one)


@admin.register(User)
class PersonAdmin(ConfirmedAdmin, DjangoUserAdmin, AuditedAdmin):  # type: ignore[type-arg, misc]
    what_for = (
        "People who sign in here. Each gets rights of their own, directly or through a group."
    )
    resource = services.PEOPLE
    form = PersonForm
    add_form = NewPersonForm
    change_password_form = AdminPasswordChangeForm
    change_user_password_template = "admin/people/set_password.html"  # noqa: S105 - a page
    list_display = (
        "username", "full_name", "email", "is_active", "is_staff", "is_superuser", "signed_in",
    )  # fmt: skip
    list_filter = ("is_staff", "is_superuser", "is_active", ("groups", SearchedFilter))
    list_filter_submit = True
    compressed_fields = True
    warn_unsaved_form = True
    readonly_fields = ("last_login", "date_joined")
    actions_detail = ("remove_factor",)

    @admin.display(description="Name", ordering="last_name")
    def full_name(self, person: User) -> str | None:
        return person.get_full_name() or None

    @admin.display(description="Last signed in", ordering="last_login")
    def signed_in(self, person: User) -> str:
        return moment(person.last_login)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        return fixed if request.user.is_superuser else (*fixed, *RIGHTS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or queries.may_manage(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        if obj is None or not allowed:
            return allowed
        return queries.may_manage(request.user, obj) and not queries.is_only_superuser(obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        left = "is_active" in form.changed_data and not form.instance.is_active
        readable = readable_resources(request.user)
        for text in services.left_behind(form.instance, readable) if left else ():
            messages.warning(request, text)

    def goes_with(self, request: HttpRequest, obj: Any) -> list[str]:
        groups = [f"Group: {one}" for one in obj.groups.all()]
        actor, readable = admin_actor(request, "people.delete"), readable_resources(request.user)
        others = [
            f"{one.object_label}: {', '.join(one.changes)}".replace("_", " ")
            for one in services.changed_with_deletion(actor, obj)
            if readable is None or one.object_resource in readable
        ]
        return [NO_WAY_BACK, *groups, *others, *services.left_behind(obj, readable)]

    def values(self, stored: Any) -> dict[str, Any]:
        return queries.person_values(stored)

    def record(self, actor: Any, obj: Any, before: dict[str, Any]) -> None:
        services.record_person(actor, obj, before)

    def remove(self, actor: Any, obj: Any) -> None:
        services.delete_person(actor, obj)

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Of somebody else. One's own takes the old one, so that a session alone is not enough."""
        person = self.get_object(request, unquote(id))
        if person == request.user:
            return HttpResponseRedirect(reverse("admin:password_change"))
        if person is not None:
            # Django stores the whole row: only locked it is still what others have made of it.
            self.model._default_manager.select_for_update().filter(pk=person.pk).first()
        request.changes_password = True  # type: ignore[attr-defined]
        asking = copy(self)  # Django asks the admin for the form, and does not tell the request
        asking.change_password_form = confirming(request, self.change_password_form)
        return super(PersonAdmin, asking).user_change_password(request, id, form_url)

    def has_remove_factor_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Of somebody else. One's own takes the password, so that a session alone is not enough."""
        person = super().get_object(request, unquote(str(object_id)))
        if person is None or person == request.user:
            return False
        return self.has_change_permission(request, person) and factors.has_factor(person)

    @action(  # type: ignore[untyped-decorator]
        description="Remove second factor",
        url_path="remove-second-factor",
        permissions=["remove_factor"],
        icon="phonelink_erase",
    )
    def remove_factor(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """For who has lost phone and recovery codes."""

        def act(person: User, values: dict[str, Any]) -> tuple[str, User]:
            if not self.has_change_permission(request, person):
                raise PermissionDenied
            factors.remove_factors(admin_actor(request, "people.remove_second_factor"), person)
            return f"The second factor of {person} was removed.", person

        return confirmed(self, request, object_id, partial(_ask_for_removal, request), act)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Django calls this when a person's password was really changed, too."""
        if getattr(request, "changes_password", False):
            services.record_password(admin_actor(request, "people.set_password"), obj)


def _ask_for_removal(request: HttpRequest, person: User) -> Question:
    after = (
        "sets up another one at the next sign-in"
        if settings.SECOND_FACTOR == "required"
        else "signs in with the password alone from then on"
    )
    text = (
        f"{person} is signed out everywhere and {after}. The recovery codes stop working, too. "
        "Make sure that it is the person who asks: whoever else has the password would get in."
    )
    title, form = f"Remove the second factor of {person}?", confirming(request, forms.Form)
    return Question(title, text, "Remove second factor", form, danger=True)


@admin.register(Group)
class AccessGroupAdmin(GroupColumns, ConfirmedAdmin, DjangoGroupAdmin, AuditedAdmin):  # type: ignore[misc]
    what_for = "A group gives its rights to everybody in it, so that they are chosen once."
    resource = services.GROUPS
    form = GroupForm

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser and super().has_delete_permission(request, obj)

    def goes_with(self, request: HttpRequest, obj: Any) -> list[str]:
        people = obj.user_set.order_by("username").values_list("username", flat=True)
        return some_of([f"In it: {one}" for one in people], MOST_TOLD)

    def values(self, stored: Any) -> dict[str, Any]:
        return queries.group_values(stored)

    def record(self, actor: Any, obj: Any, before: dict[str, Any]) -> None:
        services.record_group(actor, obj, before)

    def remove(self, actor: Any, obj: Any) -> None:
        services.delete_group(actor, obj)
