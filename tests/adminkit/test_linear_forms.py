"""No form costs more than linear time: each field of each form is sent a megabyte.

The other door's counterpart of `manage_api/test_linear_input.py`. All fields of a form are sent at
once; one of which nothing is said then, because others were refused first, is sent alone.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.forms.formsets import ManagementForm
from django.template.context import BaseContext
from django.test import Client
from pytest_django import Settings

from estimates import services as estimates
from estimates.links import client_path
from notes.agenda import AgendaFilter
from notes.models import Note
from notes.services import create_note
from syteops.adminkit import rows
from syteops.adminkit.catalogue import CatalogueAdmin
from syteops.adminkit.strict import SearchForm
from syteops.automation.admin import CatalogueFilter
from syteops.automation.models import Variable
from syteops.core.actors import SYSTEM
from syteops.deliveries.pages import ResendForm
from syteops.guides.views import GuideSearch
from syteops.lib.paths import ADMIN_PREFIX
from syteops.people.passkeys import AnswerForm
from syteops.people.second_steps import SecondStepForm
from syteops.site.models import License
from syteops.transfer.editing import EditForm
from syteops.transfer.pages import FileForm
from tests.adminkit.test_strict_lists import parameters, path_of
from tests.core.test_values import MAKERS
from tests.effort import at_most, takes_over
from tests.fixtures import signed_in
from tests.invitations.invited import invited
from tests.keys.key_pages import on, restricted
from tests.samples.suggestions import ITEMS, a_suggestion

pytestmark = pytest.mark.django_db

every_admin = pytest.mark.parametrize(
    "model", [*admin.site._registry], ids=lambda one: one.__name__
)
SIZE = 900_000
SECONDS = 2.0
"""Of the processor, for each field: generous, where quadratic time would be minutes."""
EVIL = "[" * SIZE + ","
HUGE = (EVIL, "a" * SIZE + ",", "0" * SIZE + "!", "a," * (SIZE // 2), "\n" * SIZE + "a")


@pytest.fixture(autouse=True)
def _a_megabyte_in_each_field(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
    settings.EMAIL_SERVER = {"host": "127.0.0.1", "port": 25}  # else there is no mail to write
    settings.SITE_URL = "https://ops.example.com"


# --- What is on a page -------------------------------------------------------------------------


def forms_on(response: Any) -> Iterator[Any]:
    # Of one template or, where parts have contexts of their own, of several.
    shown: Any = response.context or {}
    shown = shown.flatten() if isinstance(shown, BaseContext) else shown
    for name in shown.keys():  # noqa: SIM118 - Django's list of contexts is not iterated so
        value = shown[name]
        if name == "adminform":
            yield value.form
        elif name == "inline_admin_formsets":
            for inline in value:
                yield from (inline.formset.management_form, *inline.formset.forms)
        elif isinstance(value, forms.BaseForm):
            yield value
        elif isinstance(value, list):
            yield from (one for one in value if isinstance(one, forms.BaseForm))


def inputs(response: Any) -> Iterator[tuple[Any, list[str]]]:
    """Each field of the forms on a page, and the names under which a browser sends it."""
    for form in forms_on(response):
        for bound in form:
            widget = getattr(bound.field.widget, "widget", bound.field.widget)
            parts = getattr(widget, "widgets_names", [""])
            yield bound, [f"{bound.html_name}{part}" for part in parts]


def untouched(response: Any) -> dict[str, Any]:
    """What a browser sends, with something in whatever is required."""
    sent: dict[str, Any] = {}
    for bound, names in inputs(response):
        value = bound.value()
        values = bound.field.widget.decompress(value) if len(names) > 1 else [value]
        for name, one in zip(names, values or (), strict=False):
            if isinstance(one, list | tuple):
                sent[name] = [str(text) for text in one]
            elif one in (None, "") and bound.field.required:
                sent[name] = "x"
            elif one is not None and one is not False:
                sent[name] = "on" if one is True else str(one)
    return sent


def takes_any_text(bound: Any) -> bool:
    """Whether it is a switch, a file, a password, which may be long, or not the person's to say."""
    is_ours = bound.is_hidden or bound.field.disabled or isinstance(bound.form, ManagementForm)
    kinds = (forms.BooleanField, forms.FileField)
    return is_ours or isinstance(bound.field, kinds) or bool(re.search("password", bound.html_name))


def values_for(fields: Sequence[Any], values: Sequence[str], tried: set[Any]) -> Sequence[str]:
    """What to send in these fields: all the values where there is a kind of field among them that
    was not `tried` before, else the first. How a value is read and shown goes by the kind.
    """
    kinds = {(type(field), type(getattr(field.widget, "widget", field.widget))) for field in fields}
    found = values if kinds - tried else values[: bool(kinds)]
    tried |= kinds
    return found


# --- Forms -------------------------------------------------------------------------------------


def addresses_of(model: Any) -> list[str]:
    """Where objects of that model are made and changed, one of them there."""
    page, path = admin.site._registry[model], path_of(model)
    if isinstance(page, CatalogueAdmin):
        return [f"{path}{entry.slug}/change/" for entry in page.find_all()]
    item = model._base_manager.first()
    if item is None and getattr(model, "noun", "") in MAKERS:
        item = MAKERS[model.noun]()
    elif model is Group:
        item = Group.objects.create(name="Editors")
    return [f"{path}add/", *([f"{path}{item.pk}/change/"] if item else [])]


def _estimate() -> Any:
    item = {"description": "d", "unit_price": "1.50"}
    named: dict[str, Any] = {"title": "T", "client_email": "c@example.com", "line_items": [item]}
    return estimates.create_estimate(SYSTEM, **named)


def _sent_estimate() -> Any:
    return estimates.send_estimate(SYSTEM, _estimate())


def _suggested() -> str:
    note = create_note(SYSTEM, title="T", content="C")
    found = a_suggestion(note, "notes.action_items", ITEMS["notes.action_items"])
    return f"{path_of(Note)}{note.pk}/suggestions/{found.pk}/"


OTHERS: dict[str, Callable[[], str]] = {
    "sign in": lambda: f"{ADMIN_PREFIX}login/",
    "second factor": lambda: f"{ADMIN_PREFIX}second-factor/",
    "passkey": lambda: f"{ADMIN_PREFIX}second-factor/passkey/",
    "own password": lambda: f"{ADMIN_PREFIX}password_change/",
    "password": lambda: f"{path_of(User)}{User.objects.create_user('bob').pk}/password/",
    "new key": lambda: f"{ADMIN_PREFIX}keys/managekey/create/",
    "rotate key": lambda: on(restricted(), "rotate"),
    "client's page": lambda: str(client_path(_sent_estimate())),
    "client's answer": lambda: f"/admin/estimates/estimate/{_sent_estimate().pk}/approve/",
    "client's e-mail": lambda: f"/admin/estimates/estimate/{_estimate().pk}/send/",
    "suggested items": _suggested,
    "invitation": lambda: invited(User.objects.create_superuser("inviter")),
    "licence": lambda: f"{path_of(License)}1/change/",
    "view": lambda: f"{path_of(Note)}views/",
}
OPEN = ("sign in", "client's page", "invitation")
"""To everybody."""
ALSO = {
    "new key": {"preset": "read_only", "name": "Tool"},
    "suggested items": {"accept": "", "item": "0"},
}
"""What makes an empty form a right one, where required fields alone do not."""


@every_admin
def test_no_form_has_more_rows_than_an_object_may_have(
    alice: User, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many it claims: each is made, looked through and shown."""
    monkeypatch.setattr(rows, "MOST_SENT", 5)  # three hundred take a while
    client = signed_in(alice)
    for url in addresses_of(model):
        sent = untouched(client.get(url))
        many = {name: "2500" for name in sent if name.endswith("-TOTAL_FORMS")}
        if many:
            page = client.post(url, {**sent, **many})
            shown = [one.formset for one in page.context["inline_admin_formsets"]]
            assert {one.total_form_count() for one in shown} == {5}
            assert all(one.non_form_errors() for one in shown)


@every_admin
def test_a_megabyte_in_a_field_is_refused_beside_it_at_once(alice: User, model: Any) -> None:
    for url in addresses_of(model):
        check(signed_in(alice), url)


@pytest.mark.parametrize("name", OTHERS)
def test_so_it_is_on_pages_of_another_kind(alice: User, name: str) -> None:
    client = Client() if name in OPEN else signed_in(alice)
    assert check(client, OTHERS[name](), **ALSO.get(name, {}))


def check(client: Client, url: str, **also: str) -> bool:
    """Raises AssertionError unless each field on that page holds out; whether there is any."""
    page = client.get(url)
    bare, sent = list(inputs(page)), {**untouched(page), **also}
    fields = [(bound, names) for bound, names in bare if not takes_any_text(bound)]
    for bound, names in fields if page.status_code == 200 else ():
        if len(names) == 1:
            clean(bound.field)
    everywhere = {name: EVIL for _, names in fields for name in names}
    told = refused(client, url, {**sent, **everywhere})
    for bound, names in fields:
        name = bound.html_name
        assert name in told or name in refused(client, url, {**sent, names[0]: EVIL}), name
    return bool(bare)


def clean(field: forms.Field) -> None:
    for text in HUGE:
        assert not takes_over(SECONDS, clean_one, field, text), field


def clean_one(field: forms.Field, text: str) -> None:
    with suppress(forms.ValidationError):
        field.clean(text)


def refused(client: Client, url: str, sent: dict[str, Any]) -> set[str]:
    """The names of the fields of which the page says something when it is sent."""
    with at_most(SECONDS * (4 + list(sent.values()).count(EVIL)), url):
        answer = client.post(url, sent)
    return {form.add_prefix(name) for form in forms_on(answer) for name in form.errors}


def test_no_form_of_ours_is_left_out(alice: User) -> None:
    pages = [url for model in admin.site._registry for url in addresses_of(model)]
    pages += [make() for make in OTHERS.values()]
    shown = [signed_in(alice).get(url) for url in pages] + [Client().get("/admin/login/")]
    seen = {kind for page in shown for form in forms_on(page) for kind in type(form).__mro__}

    assert {one for one in own_forms() if one not in seen} == ELSEWHERE


def own_forms() -> set[Any]:
    """The forms that our modules declare and no other form of ours is made of."""
    found, left = set(), [forms.BaseForm]
    while left:
        left += (derived := left.pop().__subclasses__())
        found |= {*derived}
    ours = {
        one
        for one in found
        if one.__module__.startswith(("syteops.", "manage_api.", "notes.", "estimates."))
        and hasattr(__import__(one.__module__, fromlist=["*"]), one.__name__)
    }
    return {one for one in ours if not any(one in other.__mro__[1:] for other in ours)}


ELSEWHERE = {
    SearchForm,
    AgendaFilter,
    CatalogueFilter,
    GuideSearch,
    ResendForm,
    FileForm,
    EditForm,
    SecondStepForm,
    AnswerForm,
}
"""The forms of lists, which come in addresses: see below; one that has choices alone; those that
take a file or are for chosen rows, for which see tests/transfer; and those of signing in without a
page of their own, for which see tests/people."""


# --- Lists -------------------------------------------------------------------------------------


@every_admin
def test_nor_does_a_list_work_on_a_long_address(alice: User, model: Any) -> None:
    """Servers take no megabyte there, and each page has links to it in many places."""
    client, path = signed_in(alice), path_of(model)
    page = client.get(path)
    if "cl" not in (page.context or ()):
        return
    declared = sorted(parameters(admin.site._registry[model], alice))
    for name in ("q", *declared[:2]):
        asked(client, path, name)


def test_nor_does_the_agenda(page: Client) -> None:
    for name in ("assignee", "show", "page"):
        asked(page, f"{path_of(Note)}agenda/", name)


def test_nor_does_the_catalogue_of_variables(page: Client) -> None:
    for name in ("search", "source"):
        asked(page, f"{path_of(Variable)}catalogue/", name)


def asked(client: Client, path: str, name: str) -> None:
    with at_most(3 * SECONDS, name):
        assert client.get(path, {name: EVIL[:40_000]}).status_code < 500, name
