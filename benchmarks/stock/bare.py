"""The limit: function views with SQL by hand and orjson, on the server that SyteOps uses.

The key is looked up by its digest. Then come the three queries that the entity needs, each by an
index: the members, their roles, their CRM identifiers.
"""

import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

import orjson
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone

COLUMNS = (
    "id", "user_num", "first_name", "last_name", "full_name", "nickname", "job_title",
    "company_name", "email", "email_alternate", "email_personal", "phone_number",
    "phone_mobile", "phone_map_pref", "slack_handle", "website", "linkedin_url",
    "address_line_1", "address_line_2", "city", "region", "postal_code", "country",
    "time_zone", "language", "link_profile_pic", "profile_picture", "biography", "notes",
    "created_at", "updated_at",
)  # fmt: skip
WRITABLE = frozenset(COLUMNS) - {"id", "user_num", "profile_picture", "created_at", "updated_at"}
PAGE = 50

# S608 below: only names of our own are put into SQL.
_SHOWN = ", ".join(f"m.{one}" for one in COLUMNS)
_MEMBERS = (
    f"SELECT {_SHOWN}, u.username FROM stock_member m LEFT JOIN auth_user u ON u.id = m.user_id"
)
_ONE = f"{_MEMBERS} WHERE m.user_num = %s"
_PAGE = f"{_MEMBERS} ORDER BY m.user_num LIMIT {PAGE}"
_ROLES = "SELECT mr.member_id, r.slug FROM stock_member_roles mr JOIN stock_role r ON r.id = mr.role_id WHERE mr.member_id IN (%s)"  # noqa: E501
_CRM_IDS = "SELECT i.member_id, s.crm_num, i.identifier FROM stock_crmidentifier i JOIN stock_crmsystem s ON s.id = i.system_id WHERE i.member_id IN (%s)"  # noqa: E501


def one(request: HttpRequest, user_num: str) -> HttpResponse:
    """GET, PATCH."""
    with connection.cursor() as cursor:
        if not is_known(cursor, request):
            return refused()
        if request.method == "PATCH":
            change(cursor, user_num, orjson.loads(request.body))
        return answer(shown(cursor, _ONE, [user_num])[0])


def many(request: HttpRequest) -> HttpResponse:
    """GET, POST."""
    with connection.cursor() as cursor:
        if not is_known(cursor, request):
            return refused()
        if request.method == "POST":
            number = add(cursor, orjson.loads(request.body))
            return answer(shown(cursor, _ONE, [number])[0], 201)
        cursor.execute("SELECT count(*) FROM stock_member")
        total = cursor.fetchone()[0]
        return answer({"count": total, "results": shown(cursor, _PAGE, [])})


def is_known(cursor: Any, request: HttpRequest) -> bool:
    key = request.META.get("HTTP_X_API_KEY", "")
    digest = hashlib.sha256(key.encode()).hexdigest()
    cursor.execute("SELECT 1 FROM stock_barekey WHERE digest = %s", [digest])
    return cursor.fetchone() is not None


def shown(cursor: Any, statement: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
    cursor.execute(statement, parameters)
    members = [dict(zip((*COLUMNS, "user"), row, strict=True)) for row in cursor.fetchall()]
    by_id = {one["id"]: one for one in members}
    for member in members:
        member["roles"], member["crm_ids"] = [], {}
    places = ", ".join(["%s"] * len(by_id))
    cursor.execute(_ROLES % places, [*by_id])
    for member_id, slug in cursor.fetchall():
        by_id[member_id]["roles"].append(slug)
    cursor.execute(_CRM_IDS % places, [*by_id])
    for member_id, number, identifier in cursor.fetchall():
        by_id[member_id]["crm_ids"][number] = identifier
    return members


def change(cursor: Any, user_num: str, given: dict[str, Any]) -> None:
    values = {name: given[name] for name in given if name in WRITABLE}
    sets = ", ".join(f"{name} = %s" for name in (*values, "updated_at"))
    statement = f"UPDATE stock_member SET {sets} WHERE user_num = %s"
    cursor.execute(statement, [*values.values(), timezone.now(), user_num])


def add(cursor: Any, given: dict[str, Any]) -> str:
    now, number = timezone.now(), uuid.uuid4().hex[:10]
    values: dict[str, Any] = dict.fromkeys(WRITABLE | {"profile_picture"}, "")
    values |= {name: given[name] for name in given if name in WRITABLE}
    values |= {"user_num": number, "created_at": now, "updated_at": now}
    places = ", ".join(["%s"] * len(values))
    statement = f"INSERT INTO stock_member ({', '.join(values)}) VALUES ({places})"
    cursor.execute(statement, [*values.values()])
    return number


def answer(data: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(data), "application/json", status)


def refused() -> HttpResponse:
    return answer({"detail": "No valid key."}, 401)


urlpatterns = [path("team-members/<str:user_num>", one), path("team-members", many)]
