"""What needs somebody, the first steps, and that each figure leads to exactly what it counts."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from estimates import services
from estimates.models import Estimate
from manage_api.keys import services as keys
from manage_api.keys import usage
from manage_api.keys.models import KeyCalls, ManageKey
from manage_api.keys.traffic import DAYS
from notes import services as notes
from notes.models import ActionItem
from syteops.ai import services as ai
from syteops.ai.areas import all_areas
from syteops.ai.models import AiAreaSettings
from syteops.automation.models import VariableRead
from syteops.core import start_page
from syteops.core.actors import SYSTEM
from syteops.core.start_page import StartPage, start_page_for
from syteops.deliveries.models import Delivery, DeliveryState
from syteops.integrations.models import IntegrationState
from syteops.roles import services as roles
from syteops.roles.models import Role
from syteops.team import services as team
from syteops.team.models import TeamMember
from tests.fixtures import Api, signed_in
from tests.samples.deliveries import a_delivery
from tests.samples.estimates import a_sent_one

pytestmark = pytest.mark.django_db


def start(person: User) -> StartPage:
    return start_page_for(User.objects.get(pk=person.pk))  # with the rights of now


def needs(person: User) -> dict[str, int | None]:
    return {one.text: one.count for one in start(person).needs}


def give(person: User, *codenames: str) -> None:
    person.user_permissions.add(*Permission.objects.filter(codename__in=codenames))


# --- Every figure --------------------------------------------------------------------------


@pytest.fixture
def busy_site(alice: User) -> Client:
    """A site on which everything that is counted is there at least once, and twice what can be."""
    call_command("seed_demo", verbosity=0)
    today = timezone.localdate()
    for late in (1, 3):
        item = {"text": "Call", "due_date": today - timedelta(late)}
        notes.create_note(SYSTEM, title=f"Late {late}", action_items=[item])
    notes.create_note(SYSTEM, title="Today", action_items=[{"text": "Call", "due_date": today}])
    services.revise_estimate(SYSTEM, a_sent_one())  # superseded: in no list, and yet there
    a_sent_one()
    sent = Estimate.objects.filter(status="sent", superseded_by=None)
    assert sent.count() > 1
    sent.update(valid_until=today + timedelta(30), mail_state="")
    soon, *_ = sent
    Estimate.objects.filter(pk=soon.pk).update(
        valid_until=today + timedelta(2), mail_id=soon.uid, mail_at=timezone.now(),
        mail_state="failed",
    )  # fmt: skip
    key = keys.create_restricted_key(SYSTEM, name="n8n", scopes=["crm:read"])
    later = timezone.now() + timedelta(90)
    keys.create_restricted_key(SYSTEM, name="ok", scopes=["crm:read"], expires_at=later)
    Api(key.text).post("/crm-systems", {"name": "X"})
    delivery = a_delivery()
    Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.GIVEN_UP)
    DBTaskResult.objects.create(task_path="a.b", args_kwargs={}, status="FAILED", backend_name="x")
    ai.create_ai_provider(
        SYSTEM, slug="mock", name="Mock", base_url="https://ai.example", is_default=True
    )
    for slug in all_areas():
        AiAreaSettings.objects.update_or_create(area=slug, defaults={"enabled": True})
    return signed_in(alice)


def figures(page: str) -> Iterator[tuple[str, int]]:
    for tag in re.findall(r"<a [^>]*data-count[^>]*>", page):
        href, count = (re.search(rf'{name}="([^"]*)"', tag) for name in ("href", "data-count"))
        assert href, tag
        assert count, tag
        yield unescape(href[1]), int(count[1])


def listed(client: Client, address: str) -> int:
    """How many things the page lists: a list, pages of our own, or a table in the section named."""
    answer: Any = client.get(address)
    assert answer.status_code == 200, address
    *_, fragment = address.partition("#")
    if fragment:
        page = answer.content.decode()
        section = re.search(rf'<section [^>]*"{fragment}".*?</section>', page, re.S)
        assert section, address
        return len(re.findall("<tr", section[0])) - 1  # its head
    if "cl" in answer.context:
        return int(answer.context["cl"].result_count)
    found = answer.context["cards"] if "cards" in answer.context else answer.context["page"]
    return len(found) if isinstance(found, list) else int(found.paginator.count)


def test_each_figure_leads_to_exactly_what_it_counts(busy_site: Client) -> None:
    page = busy_site.get("/admin/").content.decode()

    found = dict(figures(page))

    assert len(found) >= 20
    wrong = {
        address: (count, shown)
        for address, count in found.items()
        if (shown := listed(busy_site, address)) != count
    }
    assert not wrong
    for part in ("agenda/?show=overdue", "status=sent", "status=soon", "status=not-mailed",
                 "state__exact=given_up", "status__exact=FAILED", "works=lacking",
                 "show=at_risk#restricted-keys", "outcome__exact=refused", "state=off",
                 "revisions=all"):  # fmt: skip
        assert any(part in address for address in found), part


def test_figures_follow_what_is_stored(busy_site: Client, alice: User) -> None:
    text = "action items are overdue."
    assert needs(alice)[text] == 2
    notes.complete_action(
        SYSTEM, ActionItem.objects.filter(text="Call").earliest("due_date"), done=True
    )
    assert needs(alice)["action item is overdue."] == 1
    ActionItem.objects.update(done=True)
    assert not any("overdue" in text for text in needs(alice))


def test_nobody_is_told_of_what_he_may_not_see(busy_site: Client, bob: User) -> None:
    assert needs(bob) == {}
    for codename, text in (
        ("view_note", "action items are overdue."),
        ("view_estimate", "estimates await their clients’ answers."),
        ("view_delivery", "delivery failed and is not tried again. Send it once more."),
        (
            "view_backgroundtask",
            "background task failed. Look why, and run again what is still wanted.",
        ),
    ):
        assert text not in needs(bob)
        give(bob, codename)
        if codename != "view_delivery":  # takes the right to read what was delivered
            assert text in needs(bob)


def test_a_module_that_is_switched_off_needs_nobody(
    busy_site: Client, alice: User, api: Api
) -> None:
    assert "action items are overdue." in needs(alice)
    assert api.post("/modules/notes/deactivate?confirm=true").status_code == 200
    assert "action items are overdue." not in needs(alice)


def test_the_gravest_comes_first(busy_site: Client, alice: User) -> None:
    tones = [one.tone for one in start(alice).needs]
    assert tones == sorted(tones)
    assert set(tones) == {"bad", "warn"}


def test_of_many_alike_the_first_are_shown_and_that_there_are_more(alice: User) -> None:
    expiry = timezone.now() + timedelta(days=3)
    for number in range(start_page.MOST + 1):
        keys.create_restricted_key(
            SYSTEM, name=f"Tool {number}", scopes=["crm:read"], expires_at=expiry
        )
    *shown, last = start(alice).needs
    assert len(shown) == start_page.MOST
    assert last.text.startswith("There are more like this.")
    keys.revoke_key(SYSTEM, ManageKey.objects.latest("pk"))
    assert len(start(alice).needs) == start_page.MOST


def test_a_key_without_a_network_limit_alone_is_not_at_risk(alice: User) -> None:
    later = timezone.now() + timedelta(90)
    keys.create_restricted_key(SYSTEM, name="ok", scopes=["crm:read"], expires_at=later)
    assert needs(alice) == {}
    keys.create_restricted_key(SYSTEM, name="endless", scopes=["crm:read"])
    assert list(needs(alice).values()) == [1]


# --- Calls -------------------------------------------------------------------------------


def traffic_of(person: User) -> Any:
    [shown] = [one for one in start(person).panels if one.template]
    return shown.context["traffic"]


def test_calls_and_refusals_are_told_by_day_and_key(alice: User, bob: User) -> None:
    tool = keys.create_restricted_key(SYSTEM, name="n8n", scopes=["crm:read"])
    idle = keys.create_restricted_key(SYSTEM, name="idle", scopes=["crm:read"])
    caller, now = Api(tool.text), timezone.now()
    caller.get("/crm-systems")
    assert caller.post("/crm-systems", {"name": "X"}).status_code == 403
    usage.flush()
    KeyCalls.objects.create(key=tool.key, hour=now - timedelta(3), calls=40)
    KeyCalls.objects.create(key=tool.key, hour=now - timedelta(DAYS + 1), calls=900)

    shown = traffic_of(alice)

    assert [(one.key.name, one.calls, one.refused) for one in shown.keys] == [("n8n", 42, 1)]
    assert [(one.calls, one.refused) for one in shown.days[-4:]] == [
        (40, 0),
        (0, 0),
        (0, 0),
        (2, 1),
    ]
    assert len(shown.days) == DAYS
    assert shown.most == 40
    assert [one.called_bar.height for one in shown.days[-4:]] == [96, 0, 0, 4.8]
    page = signed_in(alice).get("/admin/").content.decode()
    assert f"actor=key:{tool.key.public_id}" in page
    of_day, of_all = f"#day-{timezone.localdate()}", "#calls"
    for where, count in ((of_day, 2), (of_all, 42)):
        link = re.search(rf'href="([^"]*{where})"[^>]*>(\d+)<', page)
        assert link, where
        led_to = signed_in(alice).get(link[1]).content.decode()
        assert int(link[2]) == count
        assert f'id="{where[1:]}"' in led_to
        assert "42 in the last 14 days" in led_to
        assert re.search(rf'id="day-[^"]*"><th scope="row">[^<]*</th><td>{2}</td>', led_to)
    assert f">{idle.key.name}<" not in page

    give(bob, "manage_api_keys")  # and not to read the trail
    assert [(one.calls, one.refused) for one in traffic_of(bob).keys] == [(42, 0)]


def test_without_a_key_no_calls_are_drawn(alice: User) -> None:
    assert not any(one.template for one in start(alice).panels)
    keys.generate_site_key(SYSTEM)
    assert traffic_of(alice).keys == []
    assert "No key was used yet." in signed_in(alice).get("/admin/").content.decode()


# --- First steps ---------------------------------------------------------------------------


def steps(person: User) -> list[str]:
    return [one.title for one in start(person).steps]


def _add_somebody() -> None:
    team.create_team_member(SYSTEM, first_name="Ada")


def _give_a_role() -> None:
    roles.update_role(SYSTEM, Role.objects.earliest("pk"), holders=[TeamMember.objects.get()])


def _make_a_key() -> None:
    keys.generate_site_key(SYSTEM)


def _read_a_variable() -> None:
    read = {"name": "x", "reads": 1, "last_read_at": timezone.now()}
    VariableRead.objects.create(key_id=ManageKey.objects.get().public_id, **read)


def _connect_ai() -> None:
    values = {"base_url": "https://ai.example", "default_model": "m", "is_default": True}
    mock = ai.create_ai_provider(SYSTEM, slug="mock", name="Mock", **values)
    ai.set_secrets(SYSTEM, mock, api_key="secret")
    for slug in all_areas():
        AiAreaSettings.objects.update_or_create(area=slug, defaults={"enabled": True})


def _connect() -> None:
    IntegrationState.objects.update_or_create(slug="prometheus", defaults={"enabled": True})


def test_each_first_step_disappears_once_it_is_done(alice: User) -> None:
    """Whichever way it was done: over the API, in the admin or by a command."""
    left = ["Add your team", "Say who is responsible", "Create a key", "Read a variable",
            "Connect an AI provider", "Connect a tool"]  # fmt: skip
    page = signed_in(alice).get("/admin/").content.decode()
    assert "First steps" in page
    assert "0 of 6 done" in page

    for doing in (
        _add_somebody,
        _give_a_role,
        _make_a_key,
        _read_a_variable,
        _connect_ai,
        _connect,
    ):
        assert steps(alice) == left
        assert len(start(alice).done) == 6 - len(left)
        doing()
        left = left[1:]
    assert steps(alice) == []
    assert "First steps" not in signed_in(alice).get("/admin/").content.decode()


def test_steps_are_for_those_who_may_do_them(bob: User) -> None:
    assert steps(bob) == []
    give(bob, "add_teammember")
    assert steps(bob) == ["Add your team"]


def test_every_step_opens(alice: User) -> None:
    client, found = signed_in(alice), start(alice).steps
    assert len(found) == len(start_page._steps) == 6
    page = client.get("/admin/").content.decode()
    for step in found:
        link = re.search(rf'href="([^"]*)">{step.title}<', page)
        assert link, step
        assert client.get(link[1]).status_code == 200, step
