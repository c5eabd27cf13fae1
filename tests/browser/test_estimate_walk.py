"""From draft to yes: written, mailed, opened by the client on a telephone, kept, and approved."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.conftest import USER, NewSite, Site
from tests.browser.test_suggestions import seen
from tests.integrations.smtp_sink import SmtpSink, receiving_mail
from tests.waiting import becomes_true

_TELEPHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
_WHAT_IS_KNOWN = """
import json
from estimates.models import Estimate
from syteops.audit.models import AuditEntry
from syteops.automation.queries import exported
one = Estimate.objects.get()
entries = AuditEntry.objects.filter(event__startswith="estimate.").order_by("pk")
print(json.dumps({
    "answer": [one.status, one.answered_by, one.answer_comment, one.answered_on_behalf],
    "entries": [*entries.values_list("event", "actor_kind", "actor_label")],
    "variables": exported(),
}))
"""


@pytest.fixture(scope="module")
def sink() -> Iterator[SmtpSink]:
    with receiving_mail() as started:
        yield started


@pytest.fixture(scope="module")
def running_site(
    new_site: NewSite, tmp_path_factory: pytest.TempPathFactory, sink: SmtpSink
) -> Iterator[Site]:
    """One that sends its mail to the sink."""
    mail = {"EMAIL_URL": f"smtp://127.0.0.1:{sink.port}", "EMAIL_FROM": "ops@example.com"}
    data_dir = tmp_path_factory.mktemp("estimating") / "site"
    with new_site.served(data_dir, SITE_URL="{url}", **mail) as site:
        yield site


def test_an_estimate_is_written_sent_opened_kept_and_approved(
    page: Page, open_page: Callable[..., Page], site: Site, sink: SmtpSink
) -> None:
    found = write(page) + send(page)
    assert becomes_true(lambda: sink.mails)
    assert sink.recipients == [["grace@example.com"]]
    client = open_page(**_TELEPHONE)  # a private window: it has no cookies
    client.goto(link_in(sink, site))
    found += seen(client)
    assert "Website relaunch" in pdf_of(client).pages[0].extract_text()
    found += approve(client)

    page.goto("/admin/estimates/estimate/?status=approved")
    page.get_by_role("link", name="Website relaunch").click()
    for told in ("Grace Hopper", "Please begin."):
        expect(page.get_by_text(told).first).to_be_visible()
    assert found + seen(page) == []
    assert becomes_true(lambda: "estimate.viewed" in str(known(site)["entries"]))
    assert_in_step(known(site))


def send(page: Page) -> list[str]:
    """With the usual text, which is shown first."""
    page.locator("a[href$='/send/']").click()
    expect(page.get_by_label("Subject")).to_have_value(re.compile("Website relaunch"))
    found = seen(page)
    page.get_by_role("button", name="Freeze and send").click()
    expect(page.get_by_text("The estimate is frozen.")).to_be_visible()
    return found


def link_in(sink: SmtpSink, site: Site) -> str:
    """The client's link, in an e-mail that has the PDF too."""
    [mail] = sink.mails
    [attached] = mail.iter_attachments()
    assert attached.get_content().startswith(b"%PDF")
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(rf"{re.escape(site.url)}\S+", body.get_content())
    assert found is not None
    return found.group()


def pdf_of(client: Page) -> PdfReader:
    with client.expect_download() as kept:
        client.get_by_role("link", name="Keep as PDF").click()
    return PdfReader(kept.value.path())


def approve(client: Page) -> list[str]:
    client.get_by_label("Name").fill("Grace Hopper")
    client.get_by_label("Comment").fill("Please begin.")
    client.get_by_role("button", name="Approve").click()
    expect(client.get_by_text("Approved by Grace Hopper")).to_be_visible()
    expect(client.get_by_role("button", name="Approve")).to_have_count(0)
    return seen(client)


def write(page: Page) -> list[str]:
    page.goto("/admin/estimates/estimate/add/")
    page.locator("[name=title]").fill("Website relaunch")
    page.locator("[name=client_name]").fill("Grace Hopper")
    page.locator("[name=client_email]").fill("grace@example.com")
    page.locator("[name=currency]").select_option("EUR")
    if not page.locator("[name=line_items-0-description]").count():
        page.get_by_role("link", name="Add another line item").click()
    page.locator("[name=line_items-0-description]").fill("Design")
    page.locator("[name=line_items-0-quantity]").fill("8")
    page.locator("[name=line_items-0-unit_price]").fill("100")
    found = seen(page)
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    return found


def known(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(site.manage("shell", "-c", _WHAT_IS_KNOWN).splitlines()[-1])
    return found


def assert_in_step(known: dict[str, Any]) -> None:
    """Record, trail (from which the events are told) and variables say the same."""
    assert known["answer"] == ["approved", "Grace Hopper", "Please begin.", False]
    by_event = {event: (kind, label) for event, kind, label in known["entries"]}
    assert {"estimate.created", "estimate.sent", "estimate.mailed", "estimate.viewed"} < {*by_event}
    assert by_event["estimate.sent"] == ("person", USER)
    kind, label = by_event["estimate.approved"]
    assert (kind, "Grace Hopper" in label, label == USER) == ("client", True, False)
    told = known["variables"]
    assert told["syteops_estmt_count_approved"] == "1"
    assert told["syteops_estmt_count_sent"] == "0"
    assert told["syteops_estmt_latest_status"] == "approved"
