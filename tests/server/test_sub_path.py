"""The site below a path of a host that others share: SCRIPT_NAME=/ops."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests import web
from tests.concurrency.live import LiveSite, live_site
from tests.databases import fresh_database as new_fresh_database
from tests.processes import manage

pytestmark = pytest.mark.slow

CRM = "/api/manage/v1/crm-systems"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with new_fresh_database() as environment:
        settings = {**environment, "SCRIPT_NAME": "/ops/"}
        data_dir = tmp_path_factory.mktemp("site") / "data"
        with live_site(data_dir, settings, workers=1) as site:
            yield site


@pytest.fixture(params=["/ops", ""], ids=["proxy leaves the path", "proxy takes it off"])
def base(request: pytest.FixtureRequest, site: LiveSite) -> str:
    """Where the site is asked, by a proxy of either kind."""
    return f"http://127.0.0.1:{site.servers[0].port}{request.param}"


@pytest.fixture
def key(site: LiveSite) -> dict[str, str]:
    return {"X-API-Key": site.key}


def test_people_find_every_page_style_and_cookie_below_it(base: str) -> None:
    start = web.get(f"{base}/")
    assert (start.status_code, start.headers["Location"]) == (302, "/ops/admin/")
    page = web.get(f"{base}/admin/login/?next=/ops/admin/")
    assert page.status_code == 200
    assert all("Path=/ops" in one for one in page.headers.get_list("set-cookie"))
    linked = re.findall(r'(?:href|src|action)="(/[^"]*)"', page.text)
    assert linked
    assert all(one.startswith("/ops/") for one in linked)
    for one in linked:
        assert web.get(base + one.removeprefix("/ops")).status_code == 200, one


def test_a_person_signs_in_and_stays_below_it(base: str, site: LiveSite) -> None:
    name = f"person{len(base)}"
    made = {"DJANGO_SUPERUSER_PASSWORD": "a long password"}
    done = manage(
        *("createsuperuser", "--noinput", "--username", name, "--email", "a@example.com"),
        data_dir=site.data_dir,
        **site.settings,
        **made,
    )
    assert done.returncode == 0, done.stderr
    with web.client(base_url=base) as browser:
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', browser.get("/admin/login/").text)
        assert token
        jar = {"Cookie": f"csrftoken={browser.cookies['csrftoken']}"}
        form = {"username": name, "password": "a long password", "csrfmiddlewaretoken": token[1]}
        answer = browser.post("/admin/login/", data=form, headers=jar)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/ops/admin/")
        session = {"Cookie": f"sessionid={browser.cookies['sessionid']}"}
        page = browser.get("/admin/", headers=session)
    assert page.status_code == 200
    assert not re.findall(r'href="/(?!ops/)[^"]', page.text)


def test_tools_learn_addresses_below_it(base: str, key: dict[str, str]) -> None:
    made = web.post(base + CRM, json={"name": "Acme"}, headers=key)
    assert made.status_code == 201
    assert made.headers["Location"].startswith(f"/ops{CRM}/")
    found = web.get(base + made.headers["Location"].removeprefix("/ops"), headers=key)
    assert found.json()["name"] == "Acme"
    root: Any = web.get(f"{base}/api/manage/v1/", headers=key).json()
    assert all(one.startswith("/ops/api/manage/v1/") for one in root["links"].values())
    manifest: Any = web.get(f"{base}/wp-json/syteops/v1/manage/manifest", headers=key).json()
    assert all(one["http"]["path"].startswith("/ops/api/") for one in manifest["data"])
    compact: Any = web.get(f"{base}/api/manage/v1/manifest", headers=key).json()
    assert compact["base_path"] == "/ops/api/manage/v1"
    document: Any = web.get(f"{base}/api/manage/v1/schema").json()
    assert [one["url"] for one in document["servers"]] == [f"{base.removesuffix('/ops')}/ops"]
    assert document["externalDocs"]["url"].endswith("/ops/api/manage/v1/docs")
    assert all(one.startswith("/api/manage/v1") for one in document["paths"])
    catalog: Any = web.get(f"{base}/.well-known/api-catalog").json()
    anchors = [urlsplit(one["anchor"]).path for one in catalog["linkset"]]
    assert anchors == ["/ops/.well-known/api-catalog", "/ops/api/manage/v1/"]
    page = web.get(f"{base}/api/manage/v1/docs")
    assert page.status_code == 200
    assert 'data-schema="/ops/api/manage/v1/schema"' in page.text


def test_errors_and_health_are_what_they_are_elsewhere(base: str) -> None:
    missing = web.get(f"{base}/api/manage/v1/nothing")
    assert missing.headers["Content-Type"] == "application/problem+json"
    assert web.get(f"{base}/healthz").json() == {"alive": True}
    assert web.get(f"{base}/readyz").status_code == 200


def test_no_header_moves_the_site(base: str) -> None:
    headers = {"X-Forwarded-Prefix": "/evil", "X-Script-Name": "/evil", "Script-Name": "/evil"}
    assert web.get(f"{base}/", headers=headers).headers["Location"] == "/ops/admin/"


@pytest.mark.parametrize(
    ("prefix", "problem"),
    [
        ("ops", "is no path of an address"),
        ("/ops//x", "is no path of an address"),
        ("/ops?x", "is no path of an address"),
        ("https://example.com/ops", "is no path of an address"),
        ("/admin", "syteops.E012"),
        ("/api/x", "syteops.E012"),
    ],
)
def test_what_cannot_be_a_path_is_refused(tmp_path: Any, prefix: str, problem: str) -> None:
    done = manage("check", data_dir=tmp_path, SCRIPT_NAME=prefix)
    assert done.returncode == 1
    assert problem in done.stderr
