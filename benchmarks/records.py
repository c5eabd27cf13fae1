"""Records of every entity, as many as one wants, stored at once and past the services.

Each function stores those of `numbers`, which go on where the last call ended. What belongs to
another record belongs to one of the same number, or to one of a few that have very many.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Model
from django.utils import timezone

from estimates.models import Estimate, LineItem
from manage_api.keys import tokens
from manage_api.keys.models import KeyCalls, KeyKind, ManageKey
from notes.models import ActionItem, Note, NoteAttendee, NoteTag
from syteops.ai.models import AiProvider, AiUsage
from syteops.audit import chain
from syteops.audit.models import AuditEntry
from syteops.automation.models import Variable, VariableSet, VariableSetValue
from syteops.crm.models import CrmIdentifier, CrmSystem
from syteops.deliveries.models import Delivery, DeliveryAttempt, DeliveryState
from syteops.events.models import Event
from syteops.invitations.models import Invitation
from syteops.roles.models import Role, RoleAssignment
from syteops.tasks.models import BackgroundTask
from syteops.team.models import TeamMember
from syteops.webhooks.models import Webhook

WORDS = ("launch", "budget", "campaign", "review", "hosting", "relaunch", "client", "brand")
STATUSES = ("draft", "published", "archived")
BATCH = 2_000
MOST_SYSTEMS, MOST_ROLES, MOST_GROUPS = 99, 20, 20
"""A site has no more CRM systems by default, of each role a variable of each member, and people
tick the groups of a colleague."""
_DAY = datetime(2026, 1, 5, 9, tzinfo=UTC)


def fill(first: int, end: int) -> None:
    """Of every entity those with the numbers from `first` to before `end`; the first is 1."""
    for start in range(first, end, BATCH):
        numbers = range(start, min(start + BATCH, end))
        for store in STORED:
            store(numbers)


def store_people(numbers: range) -> None:
    """Logins and groups: each person is in one."""
    new = Group.objects.bulk_create(Group(name=f"Group {n}") for n in numbers if n <= MOST_GROUPS)
    groups = list(Group.objects.filter(name__startswith="Group "))
    people = User.objects.bulk_create(
        User(
            username=f"person{n}",
            first_name=f"Ada {n}",
            last_name="Lovelace",
            email=f"person{n}@people.example",
            is_staff=True,
            password="!",
        )
        for n in numbers
    )
    rights = list(Permission.objects.filter(codename__startswith="view_"))
    _link(User.groups.through, "user", people, "group", groups)
    _link(Group.permissions.through, "group", new, "permission", rights)


def _link(
    through: type[Model], one: str, ones: Sequence[Any], other: str, others: Sequence[Any]
) -> None:
    through._default_manager.bulk_create(
        through(**{one: each, other: others[place % len(others)]})
        for place, each in enumerate(ones)
    )


def store_team(numbers: range) -> None:
    """Members, roles and CRM systems. Each of these has fifty members, the first system all."""
    CrmSystem.objects.bulk_create(
        CrmSystem(number=n, name=f"System {n}", url=f"https://crm{n}.example")
        for n in numbers
        if n <= MOST_SYSTEMS
    )
    Role.objects.bulk_create(
        Role(slug=f"role_{n}", name=f"Role {n}", icon="badge", description=f"Does {WORDS[n % 8]}.")
        for n in numbers
        if n <= MOST_ROLES
    )
    members = TeamMember.objects.bulk_create(map(_member, numbers))
    roles = list(Role.objects.filter(system=False).order_by("pk"))
    systems = list(CrmSystem.objects.order_by("pk"))
    RoleAssignment.objects.bulk_create(
        RoleAssignment(member=member, role=roles[member.number % len(roles)])
        for member in members
        if member.number <= 50 * len(roles)
    )
    CrmIdentifier.objects.bulk_create(
        CrmIdentifier(member=member, system=system, identifier=f"hs-{member.number}")
        for member in members
        for system in {systems[0], systems[member.number % len(systems)]}
    )


def _member(n: int) -> TeamMember:
    return TeamMember(
        number=n,
        first_name=f"Ada {n}",
        last_name="Lovelace",
        job_title=f"Head of {WORDS[n % 8]}",
        company_name="Northlight Studio",
        email=f"ada{n}@northlight.example",
        phone_number=f"+44 113 496 {n:04d}",
        city="Vienna",
        country="AT",
        time_zone="Europe/Vienna",
        language="de-AT",
        biography=f"Leads the {WORDS[n % 8]}. " * 20,
    )


def store_variables(numbers: range) -> None:
    """Free variables, and as many sets, of five values each."""
    Variable.objects.bulk_create(
        Variable(key=f"greeting_{n}", value=f"Hello {n}", description=f"For the {WORDS[n % 8]}.")
        for n in numbers
    )
    sets = VariableSet.objects.bulk_create(
        VariableSet(name=f"Brand {n}", acronym=f"brand{n}") for n in numbers
    )
    VariableSetValue.objects.bulk_create(
        VariableSetValue(set=one, suffix=suffix, value=f"{suffix} of {one.name}")
        for one in sets
        for suffix in WORDS[:5]
    )


def store_providers(numbers: range) -> None:
    """Providers of AI, and what was used of them: five rows a day."""
    AiProvider.objects.bulk_create(
        AiProvider(
            slug=f"provider-{n}",
            name=f"Provider {n}",
            base_url=f"https://ai{n}.example/v1",
            known_models=[f"{word}-{size}" for word in WORDS for size in (1, 2, 3)],
            is_default=n == 1,
        )
        for n in numbers
    )
    AiUsage.objects.bulk_create(
        AiUsage(
            area="notes",
            day=date(2020, 1, 1) + timedelta(n // 5),
            provider=f"provider-{n}",
            model="launch-1",
            actor_kind="person",
            actor_id="1",
            actor_label="maria",
            requests=n,
        )
        for n in numbers
    )


def store_keys(numbers: range) -> None:
    """Restricted keys in each state that lasts, with calls of one hour each."""
    keys = [
        ManageKey(
            public_id=f"{n:012d}",
            kind=KeyKind.RESTRICTED,
            name=f"Tool {n}",
            hint=f"som_{n:04d}",
            scopes=["crm:read", "notes:read"],
            revoked_at=_DAY if n % 3 == 0 else None,
            last_used_at=_DAY,
            last_used_address="203.0.113.7",
        )
        for n in numbers
    ]
    for key in keys:
        key.seal_verifier("0" * tokens.VERIFIER_LENGTH)
    made = ManageKey.objects.bulk_create(keys)
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    KeyCalls.objects.bulk_create(
        KeyCalls(key=one, hour=hour - timedelta(hours=one.pk % 200), calls=one.pk % 50)
        for one in made
    )


def store_invitations(numbers: range) -> None:
    """Open ones and expired ones."""
    made = Invitation.objects.bulk_create(
        Invitation(
            email=f"invited{n}@people.example",
            expires_at=timezone.now() + timedelta(days=7 if n % 2 else -7),
        )
        for n in numbers
    )
    groups = list(Group.objects.order_by("pk")[:1])
    _link(Invitation.groups.through, "invitation", made, "group", groups)


def store_notes(numbers: range) -> None:
    """With two tags and action items each, and an attendee who is one of fifty."""
    members = list(TeamMember.objects.order_by("pk")[:50])
    notes = Note.objects.bulk_create(_note(n, members) for n in numbers)
    NoteTag.objects.bulk_create(
        NoteTag(note=note, name=name) for note in notes for name in {"client", WORDS[note.pk % 8]}
    )
    NoteAttendee.objects.bulk_create(
        NoteAttendee(note=note, member=members[note.pk % len(members)]) for note in notes
    )
    ActionItem.objects.bulk_create(
        ActionItem(note=note, position=place, text=f"Do {WORDS[place]}", done=bool(place))
        for note in notes
        for place in (0, 1)
    )


def _note(n: int, members: list[TeamMember]) -> Note:
    return Note(
        title=f"Meeting {n} on {WORDS[n % 8]}",
        slug=f"meeting-{n}",
        content=f"We spoke of {WORDS[n % 8]} and of {WORDS[n // 8 % 8]}. " * 8,
        excerpt=f"We spoke of {WORDS[n % 8]}.",
        status=STATUSES[n % 3],
        author=members[n % len(members)],
        meeting_date=date(2020, 1, 1) + timedelta(n % 2000) if n % 3 else None,
        follow_up_date=date(2026, 1, 1) + timedelta(n % 500) if n % 5 == 0 else None,
    )


def store_estimates(numbers: range) -> None:
    """Drafts of two lines each."""
    made = Estimate.objects.bulk_create(
        Estimate(
            title=f"Offer {n} for {WORDS[n % 8]}",
            slug=f"offer-{n}",
            content=f"The {WORDS[n % 8]} is designed and built. " * 8,
            year=2020 + n % 7,
            sequence=n,
            number=f"EST-{2020 + n % 7}-{n:04d}",
            client_name=f"Client {n % 500}",
            currency="EUR",
            valid_until=date(2026, 1, 1) + timedelta(n % 500) if n % 2 else None,
        )
        for n in numbers
    )
    LineItem.objects.bulk_create(
        LineItem(estimate=one, position=n, description=f"Part {n}", unit_price=100)
        for one in made
        for n in range(2)
    )


def store_entries(numbers: range) -> None:
    """Of the audit trail, a third of them about CRM systems, each about another object."""
    entries = [AuditEntry(**_entry(n)) for n in numbers]
    for entry in entries:
        entry.mac = chain.mac_of(entry)
    AuditEntry.objects.bulk_create(entries)


def _entry(n: int) -> dict[str, Any]:
    return {
        "actor_kind": "key" if n % 2 else "person",
        "actor_id": f"AbCdEfGhIj{n % 20:02d}",
        "actor_label": f"Key {n % 20} (som_AbCd)",
        "door": "rest",
        "operation": "notes_items.update",
        "event": "note.updated" if n % 3 else "crm_system.updated",
        "object_resource": "notes_items" if n % 3 else "crm",
        "object_id": str(n),
        "object_pk": str(n),
        "object_label": f"Meeting {n} on {WORDS[n % 8]}",
        "request_id": f"{n:032x}",
        "address": "203.0.113.7",
        "changes": {"title": {"before": f"Meeting {n}", "after": f"Meeting {n} on {n % 8}"}},
    }


def store_deliveries(numbers: range) -> None:
    """Webhooks, events, and the delivery of each event to one of them: every tenth was given up."""
    hooks = Webhook.objects.bulk_create(
        Webhook(
            uid=uuid.UUID(int=n),  # by chance, another would be found by a word
            name=f"Receiver {n}",
            url=f"https://hooks{n}.example/in",
            types=["note.*"],
        )
        for n in numbers
    )
    latest = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    events = Event.objects.bulk_create(
        Event(
            id=latest + place,
            at=_DAY,
            type="note.updated",
            resource="notes_items",
            object_id=str(hook.pk),
            object_pk=str(hook.pk),
        )
        for place, hook in enumerate(hooks, 1)
    )
    made = Delivery.objects.bulk_create(
        Delivery(
            integration="webhooks",
            destination=str(hook.pk),
            event=event,
            order_key=f"notes_items:{event.object_pk}",
            state=DeliveryState.GIVEN_UP if event.pk % 10 == 0 else DeliveryState.DELIVERED,
            attempts=1,
            finished_at=_DAY,
        )
        for hook, event in zip(hooks, events, strict=True)
    )
    DeliveryAttempt.objects.bulk_create(
        DeliveryAttempt(delivery=one, at=_DAY, milliseconds=80, status=200, answer="ok")
        for one in made
    )


def store_tasks(numbers: range) -> None:
    """Tasks of the worker that are done."""
    BackgroundTask.objects.bulk_create(
        BackgroundTask(
            id=uuid.UUID(int=n),
            status="SUCCESSFUL",
            enqueued_at=_DAY + timedelta(seconds=n),
            run_after=_DAY,
            started_at=_DAY,
            finished_at=_DAY,
            args_kwargs={"args": [], "kwargs": {}},
            task_path="syteops.deliveries.tasks.deliver",
            backend_name="default",
            exception_class_path="",
            traceback="",
        )
        for n in numbers
    )


STORED: Iterable[Callable[[range], None]] = (
    store_people,
    store_team,
    store_variables,
    store_providers,
    store_keys,
    store_invitations,
    store_notes,
    store_estimates,
    store_entries,
    store_deliveries,
    store_tasks,
)
"""In an order in which what belongs to another comes after it."""
