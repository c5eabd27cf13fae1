"""A one-time password opens the door once: then its person chooses another one."""

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from syteops.people.middleware import FirstThingsMiddleware
from syteops.people.models import PasswordChangeRequired
from syteops.people.passwords import (
    SESSION_FLAG,
    OneTimePasswordValidator,
    create_first_admin,
    must_change,
    new_one_time_password,
    require_change,
)

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "correct horse battery staple"


@pytest.fixture
def one_time_password() -> str:
    password = create_first_admin("admin")
    assert password is not None
    return password


def sign_in(client: Client, password: str) -> None:
    response = client.post("/admin/login/", {"username": "admin", "password": password})
    assert response.status_code == 302, "the password was refused"


def change_password(client: Client, old: str, new: str) -> HttpResponse:
    fields = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post(reverse("admin:password_change"), fields)  # type: ignore[return-value]


# --- The first admin -----------------------------------------------------------------------


@pytest.mark.usefixtures("one_time_password")
def test_the_first_admin_is_a_superuser_who_must_change_the_password() -> None:
    admin = User.objects.get()
    assert (admin.username, admin.is_superuser, admin.is_staff) == ("admin", True, True)
    assert must_change(admin)


def test_no_admin_is_made_where_there_are_people() -> None:
    User.objects.create_user("alice")
    assert create_first_admin("admin") is None
    assert User.objects.count() == 1


def test_one_time_passwords_differ() -> None:
    assert len({new_one_time_password() for _ in range(100)}) == 100


# --- In the admin --------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/admin/", "/admin/auth/user/", "/no-such-page"])
def test_every_page_leads_to_the_change_of_password(
    client: Client, one_time_password: str, path: str
) -> None:
    sign_in(client, one_time_password)
    response = client.get(path)
    assert (response.status_code, response["Location"]) == (302, reverse("admin:password_change"))


def test_writing_is_not_possible_either(client: Client, one_time_password: str) -> None:
    sign_in(client, one_time_password)
    client.post("/admin/auth/user/add/", {"username": "mallory", "usable_password": "false"})
    assert User.objects.count() == 1


def test_the_page_itself_and_signing_out_work(client: Client, one_time_password: str) -> None:
    sign_in(client, one_time_password)
    assert client.get(reverse("admin:password_change")).status_code == 200
    assert client.post(reverse("admin:logout")).status_code == 200


def test_the_one_time_password_cannot_be_kept(client: Client, one_time_password: str) -> None:
    sign_in(client, one_time_password)
    response = change_password(client, one_time_password, one_time_password)
    assert b"This is the one-time password" in response.content
    assert client.get("/admin/").status_code == 302


def test_a_new_password_opens_everything(client: Client, one_time_password: str) -> None:
    sign_in(client, one_time_password)
    answer = change_password(client, one_time_password, NEW_PASSWORD)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    assert client.get("/admin/").status_code == 200
    assert not PasswordChangeRequired.objects.exists()


def test_the_first_change_says_why_and_a_later_one_does_not(
    client: Client, one_time_password: str
) -> None:
    sign_in(client, one_time_password)
    first = client.get(reverse("admin:password_change")).content.decode()
    assert "choose a password of your own" in first
    assert "One-time password" in first
    change_password(client, one_time_password, NEW_PASSWORD)
    later = client.get(reverse("admin:password_change")).content.decode()
    assert "choose a password of your own" not in later
    assert "One-time password" not in later
    answer = change_password(client, NEW_PASSWORD, f"{NEW_PASSWORD} too")
    assert answer["Location"] == reverse("admin:password_change_done")


def test_the_new_password_is_all_that_is_needed_next_time(
    client: Client, one_time_password: str
) -> None:
    sign_in(client, one_time_password)
    change_password(client, one_time_password, NEW_PASSWORD)
    later = Client()
    sign_in(later, NEW_PASSWORD)
    assert later.get("/admin/").status_code == 200


def test_a_password_set_on_the_command_line_counts(
    client: Client, one_time_password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, one_time_password)
    monkeypatch.setattr("getpass.getpass", lambda prompt: NEW_PASSWORD)
    call_command("changepassword", "admin", verbosity=0)
    assert not must_change(User.objects.get())


def test_a_stronger_hash_of_the_same_password_does_not_count(
    client: Client, one_time_password: str
) -> None:
    admin = User.objects.get()
    admin.password = admin.password.replace("md5$", "unsalted_md5$")
    admin.set_password(one_time_password)
    admin._password = None  # type: ignore[attr-defined] # as Django does on upgrading a hash
    admin.save()
    sign_in(client, one_time_password)
    assert client.get("/admin/").status_code == 302


# --- On the API ----------------------------------------------------------------------------


def through_middleware(user: User, path: str, **headers: str) -> HttpResponse:
    """One request of a session in which the change is due."""
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    request = RequestFactory(headers=headers).get(path)
    request.COOKIES["sessionid"] = client.cookies["sessionid"].value
    request.session, request.user = client.session, user
    return FirstThingsMiddleware(answer)(request)


def answer(request: HttpRequest) -> HttpResponse:
    return HttpResponse("answered")


@pytest.fixture
def newcomer() -> User:
    user = User.objects.create_user("newcomer", password=NEW_PASSWORD)
    require_change(user)
    return user


@pytest.mark.parametrize("path", ["/api/manage/v1/", "/wp-json/syteops/v1/manage/manifest"])
def test_the_session_is_refused_on_the_api(client: Client, newcomer: User, path: str) -> None:
    client.force_login(newcomer, "django.contrib.auth.backends.ModelBackend")
    assert client.get(path).status_code == 403


def test_the_refusal_tells_what_to_do_in_the_api_s_own_way(
    client: Client, one_time_password: str
) -> None:
    sign_in(client, one_time_password)
    response = client.get("/api/manage/v1/whoami")
    assert response.status_code == 403
    problem = response.json()
    assert problem["code"] == "permission_denied"
    assert "Choose a new password" in problem["detail"]


@pytest.mark.parametrize("header", [{"X-API-Key": "som_x"}, {"Authorization": "Bearer som_x"}])
def test_a_key_beside_the_session_decides_alone(newcomer: User, header: dict[str, str]) -> None:
    response = through_middleware(newcomer, "/api/manage/v1/", **header)
    assert response.content == b"answered"


def test_a_key_is_no_way_into_the_admin(newcomer: User) -> None:
    response = through_middleware(newcomer, "/admin/", **{"X-API-Key": "som_x"})
    assert response.status_code == 302


def test_other_people_s_requests_cost_no_query(
    rf: RequestFactory, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    request = rf.get("/api/manage/v1/")
    request.COOKIES["sessionid"] = "x"
    request.session = {}  # type: ignore[assignment]
    with django_assert_num_queries(0):
        assert FirstThingsMiddleware(answer)(request).content == b"answered"


# --- The validator -------------------------------------------------------------------------


def test_the_validator_leaves_others_alone(newcomer: User) -> None:
    bob = User.objects.create_user("bob", password=NEW_PASSWORD)
    validator = OneTimePasswordValidator()
    validator.validate(NEW_PASSWORD)
    validator.validate(NEW_PASSWORD, User(username="unsaved"))
    validator.validate(NEW_PASSWORD, bob)
    with pytest.raises(ValidationError):
        validator.validate(NEW_PASSWORD, newcomer)


def test_the_flag_of_a_session_ends_with_the_obligation(client: Client, newcomer: User) -> None:
    client.force_login(newcomer, "django.contrib.auth.backends.ModelBackend")
    assert client.session[SESSION_FLAG]
    PasswordChangeRequired.objects.all().delete()
    client.get("/admin/login/")
    assert SESSION_FLAG not in client.session
