"""The ten main jobs, each by mouse, by the keyboard alone, and on a telephone.

A job is written once, as what somebody does; how, the `Hand` knows (see `hands`). Whether it was
done is asked of the site's database, of its API, or of whoever should have heard of it.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.ai.conftest import FakeProvider, openai_answer
from tests.browser.conftest import NewSite, Site, browsing
from tests.browser.hands import HANDS, Hand, box, button, field, link, shown, sign_in
from tests.integrations.receivers import Receiver, listening
from tests.integrations.smtp_sink import SmtpSink, receiving_mail
from tests.serving import serving
from tests.waiting import becomes_true

PASSWORD = "canary horse battery"
FOUND = [{"text": text, "assignee": None, "due_date": None} for text in ("One", "Two", "Three")]


@dataclass(frozen=True)
class World:
    """The site and those of whom it knows, all on this machine."""

    site: Site
    mail: SmtpSink
    receiver: Receiver
    directory: Path

    def run(self, *lines: str) -> Any:
        """What the last of these lines of Python is, on the site; the others come before it."""
        *before, last = lines
        code = "\n".join(("import json", *before, f"print(json.dumps({last}, default=str))"))
        return json.loads(self.site.manage("shell", "-v0", "-c", code).splitlines()[-1])


@pytest.fixture(scope="module")
def running_site(world: World) -> Site:
    return world.site


@pytest.fixture(scope="module")
def world(new_site: NewSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("walking")
    with ExitStack() as stack:
        provider = FakeProvider()
        provider.answer = lambda: openai_answer(json.dumps({"items": FOUND}), 5, 5)
        stack.enter_context(serving(provider))
        mail = stack.enter_context(receiving_mail())
        receiver = stack.enter_context(listening())
        settings = {
            "SITE_URL": "{url}",
            "EMAIL_URL": f"smtp://127.0.0.1:{mail.port}",
            "EMAIL_FROM": "ops@example.com",
            "ALLOWED_PRIVATE_ORIGINS": f"{provider.url},{receiver.url}",
        }
        site = stack.enter_context(new_site.served(directory / "site", **settings))
        made = World(site, mail, receiver, directory)
        made.run(
            "from syteops.ai import services as ai; from syteops.ai.models import AiProvider",
            "from syteops.core.actors import SYSTEM",
            "provider = AiProvider.objects.get(slug='openai')",
            f"ai.update_ai_provider(SYSTEM, provider, base_url='{provider.url}/v1',"
            " default_model='tiny', is_default=True)",
            "None",
        )
        yield made


@pytest.fixture(params=HANDS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def open_page(chromium: Browser, running_site: Site) -> Iterator[Callable[..., Page]]:
    """The same for all walks: a profile that has them keeps the theme's scripts."""
    with browsing(chromium, running_site) as make:
        yield make


Strangers = Callable[[], Hand]


@pytest.fixture
def stranger(open_page: Callable[..., Page], way: str) -> Strangers:
    """Opens the browser of somebody who has not signed in, and works it in the same way."""
    return lambda: HANDS[way](open_page(**HANDS[way].options))


@pytest.fixture(scope="module")
def alices() -> dict[str, Hand]:
    """By way, how Alice works."""
    return {}


@pytest.fixture
def hand(stranger: Strangers, session: Any, alices: dict[str, Hand], way: str) -> Hand:
    """Alice's, signed in, wherever her last walk has led to: the sidebar is everywhere."""
    if way not in alices:
        alices[way] = stranger()
        alices[way].page.context.add_cookies(session)
        alices[way].open("/admin/")
    return alices[way]


def test_the_first_minute(world: World, stranger: Strangers) -> None:
    given, chosen = world.site.one_time_password, "a password of my own choice"
    world.run(  # each way uses it up
        "from django.contrib.auth.models import User",
        "from syteops.people.passwords import require_change",
        "newcomer = User.objects.get(username='admin')",
        f"newcomer.set_password('{given}'); newcomer.save(); require_change(newcomer)",
        "None",
    )
    hand = stranger()
    hand.open("/admin/")
    sign_in(hand, "admin", given)
    expect(hand.page.get_by_text("One thing first: choose a password of your own.")).to_be_visible()
    hand.look()
    hand.write(hand.page.get_by_label("One-time password"), given)
    hand.write(field(hand, re.compile(r"^New password\W*$")), chosen)
    hand.write(hand.page.get_by_label("New password confirmation"), chosen)
    hand.go(button(hand, "Change password"))

    hand.go(link(hand.page.get_by_role("region", name="First steps"), "Connect a tool"))
    expect(hand.page.get_by_role("heading", name="Integrations", level=1)).to_be_visible()
    user = "User.objects.get(username='admin')"
    checked = f"{user}.check_password('{chosen}')"
    assert world.run("from django.contrib.auth.models import User", checked)


def test_a_colleague_is_invited_with_limited_rights(
    world: World, hand: Hand, stranger: Strangers, way: str
) -> None:
    name = "dora" + way.split()[-1]
    hand.follow_menu("Invitations")
    hand.go(link(hand, re.compile("Add.* invitation")).first)
    hand.write(hand.page.get_by_label("E-mail address"), f"{name}@example.com")
    hand.tick(box(hand, "Notes (notes_items): See"))
    hand.go(button(hand, "Save", exact=True))
    address = hand.page.get_by_label("The link").input_value()
    hand.look()
    assert becomes_true(lambda: [f"{name}@example.com"] in world.mail.recipients)

    invited = stranger()
    invited.open(address)
    invited.look()
    invited.write(field(invited, "Username"), name)
    invited.write(invited.page.get_by_label("Password", exact=False).first, PASSWORD)
    invited.write(invited.page.get_by_label("Password confirmation"), PASSWORD)
    invited.go(button(invited, "Create my account"))
    sign_in(invited, name, PASSWORD)
    invited.follow_menu("Notes")
    expect(invited.page.get_by_role("link", name=re.compile("Add"))).to_have_count(0)
    person = f"User.objects.get(username='{name}')"
    may = world.run(
        "from django.contrib.auth.models import User", f"sorted({person}.get_all_permissions())"
    )
    assert may == ["notes.view_note"]


def test_a_restricted_key_is_made(world: World, hand: Hand, way: str) -> None:
    hand.follow_menu("Manage API Key")
    hand.go(link(hand, "New restricted key").first)
    hand.write(field(hand, "Name"), f"n8n {way}")
    hand.tick(hand.page.get_by_role("radio", name="My own choice"))
    hand.tick(box(hand, "Notes (notes_items): Read"))
    hand.go(button(hand, "Create key"))
    key = hand.page.get_by_label("The key").input_value()
    hand.go(link(hand, "I have stored it"))

    assert world.site.call(key, "/notes").status_code == 200
    refused = world.site.call(key, "/team-members")
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    assert world.site.call(key).json()["scopes"] == ["notes_items:read"]


MEMBER = """
from syteops.core.actors import SYSTEM
from syteops.team import services
from syteops.team.models import TeamMember
"""


def test_a_member_is_found_in_the_palette_and_changed(world: World, hand: Hand, way: str) -> None:
    name = f"Ada {way}"
    made = f"services.create_team_member(SYSTEM, first_name='Ada', last_name={way!r})"
    pk = world.run(MEMBER, f"{made}.pk")
    hand.find(name)
    hand.write(field(hand, "Job title"), "Analyst")
    hand.go(button(hand, "Save", exact=True))
    assert world.run(MEMBER, f"TeamMember.objects.get(pk={pk}).job_title") == "Analyst"


WRONG = {12: ("email", "nobody"), 79: ("country", "Utopia"), 152: ("first_name", "x" * 150)}


def members(path: Path, way: str, *, wrong: bool) -> Path:
    names = ["user_num", "first_name", "last_name", "email", "country"]
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, names)
        rows.writeheader()
        for number in range(2, 202):
            row = {"first_name": "=Zoë", "last_name": way, "email": f"p{number}@example.com"}
            rows.writerow(row | dict([WRONG[number]] if wrong and number in WRONG else ()))
    return path


def test_200_members_are_imported_once_three_rows_are_put_right(
    world: World, hand: Hand, way: str, tmp_path: Path
) -> None:
    def count() -> int:
        return int(world.run(MEMBER, f"TeamMember.objects.filter(last_name={way!r}).count()"))

    before = count()
    hand.follow_menu("Team members")
    hand.act("Import")
    hand.attach(field_of_file(hand), members(tmp_path / "a.csv", way, wrong=True))
    hand.go(button(hand, "Check the file"))
    problems = hand.page.get_by_role("region", name="What to correct")
    expect(problems).to_be_visible()
    for number, (column, _) in WRONG.items():
        expect(problems.locator("tr").filter(has_text=f"Row {number}")).to_contain_text(column)
    expect(hand.page.get_by_text("3 problems.")).to_be_visible()
    hand.look()
    assert count() == before

    hand.go(link(hand, "Choose another file"))
    hand.attach(field_of_file(hand), members(tmp_path / "b.csv", way, wrong=False))
    hand.go(button(hand, "Check the file"))
    expect(hand.page.get_by_text("Nothing is stored yet")).to_be_visible()
    assert count() == before
    hand.look()
    hand.go(button(hand, "Import: 200 new"))
    expect(hand.page.get_by_text("Imported: 200 new.")).to_be_visible()
    assert count() == before + 200


def field_of_file(hand: Hand) -> Locator:
    return hand.page.get_by_label("CSV or XLSX file")


def test_a_deleted_member_is_restored(world: World, hand: Hand, way: str) -> None:
    made = f"one = services.create_team_member(SYSTEM, first_name='Gone', last_name={way!r})"
    pk = world.run(MEMBER, made, "pk = one.pk; services.delete_team_member(SYSTEM, one)", "pk")
    hand.follow_menu("Team members")
    hand.go(link(hand, re.compile("^Deleted")))
    row = hand.page.locator(".result-list tr").filter(has_text=f"Gone {way}")
    hand.go(button(row, "Restore"))
    live = f"TeamMember.objects.filter(pk={pk}).values_list('deleted_at', flat=True)[0] is None"
    assert world.run(MEMBER, live)


def test_a_change_is_undone_from_its_message(world: World, hand: Hand, way: str) -> None:
    crm = "from syteops.crm.models import CrmSystem; from syteops.crm import services as crm"
    pk = world.run(MEMBER, crm, f"crm.create_crm_system(SYSTEM, name={way!r}).pk")
    names = f"CrmSystem.objects.values_list('name', flat=True).get(pk={pk})"
    hand.follow_menu("CRM systems")
    hand.go(link(hand, way, exact=True))
    hand.write(field(hand, "Name"), f"{way} renamed")
    hand.go(button(hand, "Save", exact=True))
    assert world.run(MEMBER, crm, names) == f"{way} renamed"
    hand.go(link(hand, "Undo"))
    hand.go(button(hand, "Undo this change"))
    expect(hand.page.get_by_text("The change was undone.")).to_be_visible()
    assert world.run(MEMBER, crm, names) == way


def test_a_webhook_is_enabled_and_its_delivery_is_seen(world: World, hand: Hand, way: str) -> None:
    integrations = "from syteops.integrations import services as i"
    world.run(MEMBER, integrations, "i.disable(SYSTEM, i.locked_state('webhooks'))", "None")
    world.receiver.received.clear()
    hand.follow_menu("Integrations")
    card = hand.page.get_by_role("region", name="Webhooks")
    hand.go(button(card, "Enable"))
    hand.follow_menu("Webhooks")
    hand.go(link(hand, re.compile("Add.* webhook")).first)
    hand.write(field(hand, "Name"), f"Billing {way}")
    hand.write(field(hand, "URL"), f"{world.receiver.url}/hook")
    everything = hand.page.get_by_role("option", name="Everything that happens")
    hand.pick(hand.page.get_by_role("searchbox", name="Events"), "Everything", everything)
    hand.go(button(hand, "Save", exact=True))
    hand.go(link(hand, "I have stored it"))
    hand.act("Send a test")
    hand.go(button(hand, "Send"))
    told = {}

    def is_told() -> bool:
        told.update({json.loads(one.body)["type"]: one for one in [*world.receiver.received]})
        return "webhook.tested" in told

    assert becomes_true(is_told)
    assert told["webhook.tested"].headers["webhook-signature"].startswith("v1,")
    hand.follow_menu("Deliveries")
    delivery = link(hand, "webhook.tested").first
    expect(hand.page.get_by_text("Delivered").first).to_be_visible()
    hand.go(delivery)
    expect(hand.page.get_by_text(f"Billing {way}").first).to_be_visible()


def test_an_estimate_is_written_sent_and_approved(
    world: World, hand: Hand, stranger: Strangers, way: str
) -> None:
    world.mail.mails.clear()
    hand.follow_menu("Estimates")
    hand.go(link(hand, re.compile("Add.* estimate")).first)
    hand.write(hand.page.get_by_role("combobox", name="Client name"), "Grace Hopper")
    hand.write(field(hand, "Client e-mail"), "grace@example.com")
    hand.write(field(hand, "Title"), f"Relaunch {way}")
    hand.press(link(hand, re.compile("Add another line item", re.I)))
    hand.write(shown(hand, "Description"), "Design")
    hand.write(shown(hand, "Quantity"), "8")
    hand.write(shown(hand, "Unit price"), "100")
    hand.choose(hand.page.get_by_label("Currency"), "EUR – Euro")
    hand.go(button(hand, "Save and continue editing"))
    hand.act("Send")
    hand.look()
    hand.go(button(hand, "Freeze and send"))
    assert becomes_true(lambda: world.mail.mails)
    body = world.mail.mails[-1].get_body(("plain",))
    address = re.search(rf"{re.escape(world.site.url)}/e/\S+", body.get_content() if body else "")
    assert address

    client = stranger()
    client.open(address.group())
    client.look()
    client.write(field(client, "Name"), "Grace Hopper")
    client.write(field(client, "Comment"), "Please begin.")
    client.go(button(client, "Approve"))
    expect(client.page.get_by_text("Approved by Grace Hopper")).to_be_visible()
    known = world.run(
        "from estimates.models import Estimate",
        f"one = Estimate.objects.get(title='Relaunch {way}')",
        "from syteops.automation.queries import exported",
        "[one.status, one.answered_by, one.answer_comment, str(one.amounts.total),"
        " exported()['syteops_estmt_latest_status']]",
    )
    assert known == ["approved", "Grace Hopper", "Please begin.", "800.00", "approved"]


def test_two_of_three_suggestions_are_accepted(world: World, hand: Hand, way: str) -> None:
    notes = "from notes.services import create_note; from notes.models import Note"
    create = f"create_note(SYSTEM, title='Kick-off {way}', content='One, two and three.')"
    pk = world.run(MEMBER, notes, f"{create}.pk")
    hand.follow_menu("Notes")
    hand.go(link(hand, f"Kick-off {way}"))
    hand.go(link(hand, "Suggest action items"))
    hand.go(button(hand, "Ask the AI"))
    expect(hand.page.get_by_role("heading", name="What is suggested")).to_be_visible()
    hand.arrive()
    hand.look()
    two = box(hand, "Two")
    hand.untick(two)
    hand.write(hand.page.locator("[name=item-0-text]"), "One, by telephone")
    hand.go(button(hand, "Accept selected"))
    texts = f"[one.text for one in Note.objects.get(pk={pk}).action_items.all()]"
    assert world.run(MEMBER, notes, texts) == ["One, by telephone", "Three"]


@pytest.mark.parametrize("way", ["by keyboard"], indirect=True)
def test_menus_filters_and_tabs_take_keys_and_give_the_focus_back(hand: Hand) -> None:
    page = hand.page
    hand.open("/admin/team/teammember/")
    account = page.get_by_role("button", name="alice")
    hand.press(account)
    expect(page.get_by_role("button", name="Light")).to_be_focused()
    expect(account).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(account).to_be_focused()
    expect(page.get_by_role("button", name="Log out")).to_be_hidden()

    filters = page.get_by_role("button", name="Filters", exact=True)
    hand.press(filters)
    expect(page.locator("#changelist-filter :focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(filters).to_be_focused()

    hand.go(link(hand, re.compile("^Add")).first)
    hand.press(page.get_by_role("tab", name="Contact"))
    hand.write(field(hand, "E-mail", exact=True), "zoe@example.com")
    hand.press(page.get_by_role("tab", name="Contact"))
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Place and language")).to_be_focused()
