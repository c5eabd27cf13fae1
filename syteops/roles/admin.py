from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.widgets import (
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminTextInputWidget,
)

from syteops.adminkit.pickers import ColorPicker, IconPicker
from syteops.adminkit.service_admin import ServiceAdmin, ServiceForm
from syteops.adminkit.shown_words import among_few
from syteops.core.form_fields import LineField
from syteops.lib.colours import Colour, ink_on
from syteops.lib.folding import fold
from syteops.roles import queries, services
from syteops.roles.choices import ConstraintType
from syteops.roles.models import SLUG_LENGTH, Role, RoleAssignment, slug_validator
from syteops.team.queries import live_members, named_members


class RoleForm(ServiceForm):
    """A role and who holds it."""

    holders = forms.ModelMultipleChoiceField(
        live_members(),
        required=False,
        widget=UnfoldAdminSelect2MultipleWidget,
        help_text="The team members who hold the role now.",
    )

    slug = LineField(
        required=False,
        max_length=SLUG_LENGTH,
        validators=[slug_validator],
        widget=UnfoldAdminTextInputWidget,
        help_text="Automation variables are named by it, so it never changes. If empty: made of "
        "the name.",
    )

    class Meta:
        widgets = {"icon": IconPicker, "color": ColorPicker}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields.pop("slug", None)
            self.fields["holders"].initial = queries.holders_of(self.instance)

    def clean(self) -> dict[str, Any]:
        """A limit left over from another constraint is dropped."""
        cleaned = super().clean()
        if cleaned.get("constraint_type", ConstraintType.MAX_COUNT) != ConstraintType.MAX_COUNT:
            cleaned["max_count"] = None
        return cleaned


def _constraint(role: Role) -> str:
    return {None: "Any number", 1: "One member"}.get(role.capacity, f"{role.capacity} members")


def _holders(role: Role) -> str:
    return ", ".join(str(member) for member in role.holders)


def _held_by(word: str) -> Q:
    """That the column of the holders, who stand there with commas between them, has the word."""
    named = word.rstrip(",")
    members = {one.pk for one in named_members() if named in fold(str(one))}
    held = RoleAssignment.objects.filter(member__among=members).order_by()
    return Q(pk__in=held.values("role"))


@admin.register(Role)
class RoleAdmin(ServiceAdmin):
    what_for = (
        "A role says who is responsible for something. Automations ask for the role, so nothing "
        "changes there when somebody leaves."
    )
    form = RoleForm
    services = services
    searched_fields = {"holders": RoleAssignment.member}
    extra_values = ("holders", "slug")
    fixed_fields = ("slug",)
    list_display = ("name_shown", "slug", "constraint", "holders", "system")
    list_filter = ("system", "constraint_type")
    shown_words = {
        "constraint": among_few(Role.objects.all, _constraint),
        "holders": _held_by,
    }
    search_fields = ("searched",)
    fieldsets = (
        (None, {"fields": ("name", "slug", "description", "icon", "color")}),
        ("Who holds it", {"fields": (("constraint_type", "max_count"), "holders")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Role]:
        return queries.all_roles()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = services.FIXED_IN_SYSTEM_ROLES if obj and obj.system else ()
        return [*super().get_readonly_fields(request, obj), *fixed]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not (obj and obj.system) and super().has_delete_permission(request, obj)

    @admin.display(description="name", ordering="name")
    def name_shown(self, role: Role) -> str:
        return format_html(
            '<span class="so-chip material-symbols-outlined" aria-hidden="true" '
            'style="background:{};color:{}">{}</span>{}',
            role.color,
            ink_on(Colour.of(role.color)),
            role.icon or "badge",
            role.name,
        )

    @admin.display(description="constraint")
    def constraint(self, role: Role) -> str:
        return _constraint(role)

    @admin.display(description="holders")
    def holders(self, role: Role) -> str:
        return _holders(role)
