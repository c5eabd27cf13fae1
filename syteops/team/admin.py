from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.decorators import action, display

from syteops.adminkit import consequences
from syteops.adminkit.acting import admin_actor
from syteops.adminkit.confirmed_action import Question
from syteops.adminkit.races import check_references, races_refused
from syteops.adminkit.restoring import RestoringAdmin, StateFilter, asks_for_deleted
from syteops.adminkit.searched_choices import SearchedFilter
from syteops.core.actors import Actor
from syteops.core.consequences import Watch, words_of
from syteops.core.entities import find
from syteops.core.errors import Conflict, NotFound
from syteops.core.permissions import permission_name
from syteops.people.queries import SEES_LOGINS
from syteops.team import queries, services
from syteops.team.forms import TeamMemberForm
from syteops.team.models import TeamMember


@admin.register(TeamMember)
class TeamMemberAdmin(RestoringAdmin):
    what_for = (
        "The people who work here. Automations, estimates and notes read their names, addresses "
        "and roles from this list."
    )
    form = TeamMemberForm
    services = services
    extra_values = ("crm_ids",)
    list_display = ("number_shown", "name", "job_title", "roles", "email")
    list_display_links = ("number_shown", "name")
    list_filter = (
        StateFilter,
        ("role_assignments__role", SearchedFilter),
        ("language", admin.AllValuesFieldListFilter),
        ("country", admin.AllValuesFieldListFilter),
    )
    search_fields = (
        *queries.SEARCHED, "former_number", "role_assignments__role__name_folded",
    )  # fmt: skip
    ordering = ("number", "former_number")
    autocomplete_fields = ("user",)
    readonly_fields = ("roles",)
    actions = ("restore", "erase_chosen")
    actions_detail = ("erase",)
    fieldsets = (
        (
            "Person",
            {
                "classes": ["tab"],
                "fields": (
                    ("first_name", "last_name"), ("full_name", "nickname"),
                    ("job_title", "company_name"), "roles", "user",
                ),
            },
        ),
        (
            "Contact",
            {
                "classes": ["tab"],
                "fields": (
                    "email", ("email_alternate", "email_personal"),
                    ("phone_number", "phone_mobile"), "phone_map_pref", "slack_handle",
                    ("website", "linkedin_url"),
                ),
            },
        ),
        (
            "Place and language",
            {
                "classes": ["tab"],
                "fields": (
                    "address_line_1", "address_line_2", ("postal_code", "city"),
                    ("region", "country"), ("time_zone", "language"),
                ),
            },
        ),
        (
            "Picture and text",
            {
                "classes": ["tab"],
                "fields": ("profile_picture", "link_profile_pic", "biography", "notes"),
            },
        ),
        ("CRM", {"classes": ["tab"], "fields": ("crm_ids",)}),
    )  # fmt: skip

    # --- Live and deleted members ---

    def deleted(self) -> QuerySet[TeamMember]:
        return queries.deleted_members()

    def get_queryset(self, request: HttpRequest) -> QuerySet[TeamMember]:
        found = self.deleted() if asks_for_deleted(request) else queries.live_members()
        shown = ("crm_identifiers__system", "role_assignments__role")
        return found.prefetch_related(*shown).order_by(*self.ordering)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the roles while there is nobody who could hold any."""
        shown = super().get_fieldsets(request, obj)
        if obj is not None:
            return shown
        return [
            (title, {**one, "fields": [name for name in one["fields"] if name != "roles"]})
            for title, one in shown
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        return fixed if request.user.has_perm(SEES_LOGINS) else (*fixed, "user")

    # --- Erasing for good ---

    def has_erase_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A right of its own: what is erased never comes back."""
        may = request.user.has_perm(permission_name(TeamMember, "erase"))
        return may and self.has_view_permission(request)

    @admin.action(description="Erase for good", permissions=["erase"])
    def erase_chosen(
        self, request: HttpRequest, queryset: QuerySet[TeamMember]
    ) -> HttpResponse | None:
        """Leads to the page that asks. One member at a time: each page says what would go."""
        chosen = list(queryset.values_list("pk", flat=True)[:2])
        if len(chosen) != 1:
            messages.error(request, "Choose one member: people are erased one by one.")
            return None
        return HttpResponseRedirect(self.url_to("erase", *chosen))

    @action(  # type: ignore[untyped-decorator]
        description="Erase for good", icon="person_off", url_path="erase", permissions=["erase"]
    )
    def erase(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Says what would go; only a POST erases. Where somebody was faster, it says that."""
        try:
            with races_refused(), transaction.atomic():
                return self._erase_locked(request, object_id)
        except (NotFound, Conflict) as refusal:
            messages.error(request, refusal.detail)
            return HttpResponseRedirect(self.url_to("changelist"))

    def _erase_locked(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """In one transaction: what is told of the member is still so when it is acted upon."""
        member = find(TeamMember.all_objects.all(), "pk", object_id, lock=True)
        actor = admin_actor(request, "users.erase")
        if request.method == "POST":
            return self._erase(request, actor, member)
        watch = Watch(actor)
        later = [consequences.LATER] if watch and consequences.is_for_later(request) else []
        told = services.predict_erasure(member, None if later else watch)
        also = later or consequences.lines_of(words_of(watch.tell()))
        context = {
            "question": _ERASING,
            "lines": [*_in_words(told), *also],
            "media": consequences.MEDIA,
            "login_kept": told["login_kept"],
            "object": member,
            "back": self.url_to("changelist"),
        }
        return self.page(request, "team/erase.html", _ERASING.title, **context)

    def _erase(self, request: HttpRequest, actor: Actor, member: TeamMember) -> HttpResponse:
        told = services.erase_team_member(actor, member)
        check_references()
        messages.success(request, f"Erased for good: the record; {', '.join(_in_words(told))}.")
        return HttpResponseRedirect(self.url_to("changelist"))

    # --- What is shown ---

    @admin.display(description="number", ordering="number")
    def number_shown(self, member: TeamMember) -> str:
        return member.slot or f"was {member.former_number:03d}"

    @display(description="name", ordering="last_name", header=True)  # type: ignore[untyped-decorator]
    def name(self, member: TeamMember) -> tuple[Any, ...]:
        """With the picture, or else the initials."""
        initials = "".join(one[:1] for one in str(member).split()[:2])
        picture = member.profile_picture
        shown = {"path": picture.url, "width": 32, "height": 32} if picture else {}
        return str(member), "", initials, shown

    @admin.display(description="roles")
    def roles(self, member: TeamMember) -> str:
        return ", ".join(held.role.name for held in member.role_assignments.all())

    @admin.display(description="CRM identifiers")
    def crm_ids(self, member: TeamMember) -> str:
        return ", ".join(f"{number}: {text}" for number, text in member.crm_ids.items())


_ERASING = Question(
    "Erase this person for good?",
    "This cannot be undone, not from the audit trail either. What goes, for good:",
    "Erase for good",
    danger=True,
)


def _in_words(told: Mapping[str, Any]) -> list[str]:
    """How much goes from where: "audit entries: 7"."""
    names = {name: name.replace("_", " ").replace("crm", "CRM") for name in told["removed"]}
    return [f"{names[name]}: {count}" for name, count in told["removed"].items() if count]
