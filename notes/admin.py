from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RangeDateFilter
from unfold.contrib.filters.forms import SearchForm
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from notes import people, queries, services
from notes.agenda import AgendaAdmin
from notes.models import ActionItem, Note, NoteAttendee
from syteops.adminkit.rows import RowsInline
from syteops.adminkit.texts import TextForm
from syteops.ai.suggesting_admin import SuggestingAdmin
from syteops.core.form_fields import ListField
from syteops.modules.admin import ModuleAdmin
from syteops.team.models import TeamMember


class NoteForm(TextForm):
    attendees = forms.ModelMultipleChoiceField(
        TeamMember.objects.none(),
        required=False,
        widget=UnfoldAdminSelect2MultipleWidget,
        help_text="Team members who were there.",
    )
    attendee_names = ListField(
        "\n",
        required=False,
        label="Other attendees",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="One name a line.",
    )
    tags = ListField(
        ", ",
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="With commas between the tags.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        note = self.instance
        if note.pk:
            self.initial["attendees"] = [one.member_id for one in note.attendances.all()]
            self.initial["tags"] = people.tags(note)
        for name in {"author", "attendees"} & self.fields.keys():
            self.fields[name].queryset = people.choosable(note)  # type: ignore[attr-defined]


class ActionItemInline(RowsInline):
    model = ActionItem
    fields = ("text", "assignee", "due_date", "done", "position")
    verbose_name = "action item"

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest | None, **kwargs: Any
    ) -> Any:
        match = request and request.resolver_match
        note = Note(pk=match.kwargs.get("object_id") if match else None)
        kwargs["queryset"] = people.choosable(note)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class TypedFilter(DropdownFilter):  # type: ignore[misc]
    """A filter by one of many: where there are too many to choose from, it is typed."""

    lists_all: bool
    example: str

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: Any) -> Any:
        if self.lists_all:
            yield from super().choices(changelist)
            return
        name, label = self.parameter_name, f" By {self.title} ({self.example}) "
        yield {"form": SearchForm(name, label, data={name: self.value()})}


class MemberFilter(TypedFilter):
    """Notes that a team member has to do with; `condition` says how."""

    condition: Any
    example = "a number, such as 001"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        found, self.lists_all = people.offered_names(self.value() or "")
        return found

    def queryset(self, request: HttpRequest, queryset: QuerySet[Note]) -> QuerySet[Note]:
        known = {number for number, _ in self.lookup_choices}
        value = self.value()
        return queryset.filter(self.condition(value)) if value in known else queryset


class AuthorFilter(MemberFilter):
    title = parameter_name = "author"
    condition = staticmethod(queries.written_by)


class AttendeeFilter(MemberFilter):
    title = parameter_name = "attendee"
    condition = staticmethod(queries.attended_by)


class AssigneeFilter(MemberFilter):
    title, parameter_name = "who has to do something", "assignee"
    condition = staticmethod(queries.with_work_for)


class DueFilter(DropdownFilter):  # type: ignore[misc]
    title, parameter_name = "what is due", "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("overdue", "Something overdue"), ("week", "Something within a week")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Note]) -> QuerySet[Note]:
        today = timezone.localdate()
        ends = {"overdue": today, "week": today + timedelta(8)}
        end = ends.get(self.value() or "")
        return queryset.filter(queries.with_work_due_before(end)) if end else queryset


class TagFilter(TypedFilter):
    title = parameter_name = "tag"
    example = "the whole tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        found = queries.all_tags()
        self.lists_all = found is not None
        return (found or {}).items()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Note]) -> QuerySet[Note]:
        return queryset.filter(tag_rows__name_folded=self.value()) if self.value() else queryset


@admin.register(Note)
class NoteAdmin(ModuleAdmin, SuggestingAdmin, AgendaAdmin):
    what_for = (
        "Notes of meetings, with who was there and what is to be done. Action items appear on "
        "the agenda by themselves."
    )
    form = NoteForm
    services = services
    inlines = (ActionItemInline,)
    inline_values = {ActionItem: "action_items"}
    extra_values = ("attendees", "tags")
    searched_fields = {"attendees": NoteAttendee.member}
    list_display = ("title", "shown_status", "author", "meeting_date", "follow_up_date", "to_do",
                    "changed")  # fmt: skip
    list_filter = (
        ("status", ChoicesDropdownFilter),
        TagFilter,
        AuthorFilter,
        AttendeeFilter,
        AssigneeFilter,
        DueFilter,
        ("meeting_date", RangeDateFilter),
        ("follow_up_date", RangeDateFilter),
    )
    list_select_related = ("author",)
    search_fields = (*queries.SEARCHED, "author__full_name_folded")
    date_hierarchy = "meeting_date"
    readonly_fields = ("created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("title", "content")}),
        ("Meeting", {"classes": ("collapse",),
                     "fields": (("meeting_date", "follow_up_date"), "author", "attendees",
                                "attendee_names")}),
        ("More", {"classes": ("collapse",),
                  "fields": (("status", "slug"), "tags", "excerpt", "meta",
                             ("created_at", "updated_at"))}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Note]:
        # For each row that is shown; grouped, all of them would be read first.
        open_items = ActionItem.objects.filter(note=OuterRef("pk"), done=False).order_by()
        counted = open_items.values("note").annotate(count=Count("pk")).values("count")
        to_do = Coalesce(Subquery(counted), 0)
        return super().get_queryset(request).defer("searched").annotate(_to_do=to_do)  # type: ignore[no-any-return]

    @display(  # type: ignore[untyped-decorator]
        description="Status", label={"Draft": "info", "Published": "success"}, ordering="status"
    )
    def shown_status(self, note: Note) -> str:
        return note.get_status_display()

    @admin.display(description="To do", ordering="_to_do")
    def to_do(self, note: Any) -> int:
        return int(note._to_do)
