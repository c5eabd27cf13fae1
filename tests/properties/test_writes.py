"""Random writes, with retries, crashes, dry runs, stale ETags and undos, against a simple model."""

import logging
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from manage_api.keys.models import ApiSwitch, ManageKey
from manage_api.keys.services import generate_site_key
from manage_api.models import IdempotencyRecord
from notes.models import Note
from syteops.audit import chain, verification
from syteops.audit.models import AuditChain, AuditEntry
from syteops.automation.models import Variable
from syteops.core.actors import SYSTEM
from syteops.crm.models import CrmSystem
from syteops.roles.models import Role
from syteops.team.models import TeamMember
from tests.chance import by_database
from tests.concurrency.state import differing
from tests.fixtures import Api
from tests.manage_api.stored import changes_recorded, stored
from tests.properties.calls import WAYS, Answer, Way, Write
from tests.properties.crashes import crashing
from tests.properties.world import KINDS, SECRETS, World, read, slug_of

After = Callable[[World, Any], bool | None]
"""Changes the world as the write with that answer does; True if something happened on the way."""

NUMBERS = st.integers(0, 9)
NONE = 9
TEXTS = st.sampled_from(["", "One", "Zwei", "三", ' <b>&amp;" '])
NAMES = TEXTS.map(lambda text: text.strip() or "Name")
VALUES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "crm": st.fixed_dictionaries(
        {"name": NAMES},
        optional={
            # One origin only: another would clear the secrets, which has tests of its own.
            "url": st.just(""),
            "link_admin_only": st.booleans(),
        },
    ),
    "users": st.fixed_dictionaries({}, optional={"first_name": NAMES, "nickname": NAMES}),
    "roles": st.fixed_dictionaries({}, optional={"description": NAMES}),
    "notes_items": st.fixed_dictionaries(
        {"title": NAMES}, optional={"status": st.sampled_from(["draft", "archived"])}
    ),
}
KINDS_MADE = st.sampled_from(["crm", "crm", "users", "users", "roles", "notes_items"])


@by_database
class Writes(RuleBasedStateMachine):
    """Whatever is sent, the API's answer, the rows and the trail agree with the model."""

    def __init__(self) -> None:
        super().__init__()
        _empty()
        self.api = Api(generate_site_key(SYSTEM).text)
        self.world = World()
        self.roles_made = 0
        self.newest: tuple[int, World] | None = None
        """The id of the newest change, if that is one entry, and the world before it."""

    # --- Rules ---

    @rule(kind=KINDS_MADE, data=st.data(), way=WAYS)
    def create(self, kind: str, data: st.DataObject, way: Way) -> None:
        values = data.draw(VALUES[kind])
        if kind == "roles":
            self.roles_made += 1
            values["name"] = f"Role {self.roles_made}"

        def after(world: World, answer: Any) -> None:
            world.add(kind, self._new_id(kind, values, answer), values)

        self._write(Write(f"{kind}.create", {}, values), way, after, kind)

    @rule(kind=KINDS_MADE, number=NUMBERS, data=st.data(), way=WAYS)
    def update(self, kind: str, number: int, data: st.DataObject, way: Way) -> None:
        values = data.draw(VALUES[kind])

        def after(world: World, answer: Any) -> None:
            world.objects[kind][public_id].update(values)

        public_id, refusal = self._pick(kind, number)
        write = Write(f"{kind}.update", {KINDS[kind].lookup: public_id}, values)
        self._write(write, way, after, kind, refusal)

    @rule(kind=KINDS_MADE, number=NUMBERS, way=WAYS)
    def delete(self, kind: str, number: int, way: Way) -> None:
        public_id, refusal = self._pick(kind, number)
        write = Write(f"{kind}.delete", {KINDS[kind].lookup: public_id}, {})
        refusal = refusal or self._unconfirmed(way)
        self._write(write, way, lambda world, _: world.remove(kind, public_id), kind, refusal)

    @rule(number=NUMBERS, name=st.sampled_from(SECRETS), text=NAMES, way=WAYS)
    def set_secret(self, number: int, name: str, text: str, way: Way) -> None:
        def after(world: World, answer: Any) -> None:
            world.objects["crm"][public_id][name] = secret

        secret = f"secret {text}"
        public_id, refusal = self._pick("crm", number)
        write = Write("crm.set_secret", {"crm_num": public_id}, {name: secret})
        self._write(write, way, after, "crm", refusal)

    @rule(number=NUMBERS, names=st.sets(st.sampled_from(SECRETS), min_size=1), way=WAYS)
    def clear_secret(self, number: int, names: set[str], way: Way) -> None:
        def after(world: World, answer: Any) -> None:
            world.objects["crm"][public_id].update(dict.fromkeys(names))

        public_id, refusal = self._pick("crm", number)
        params = dict.fromkeys(sorted(names), True)
        write = Write("crm.clear_secret", {"crm_num": public_id}, params)
        # What it would clear can be said without looking whether the system is there.
        refusal = self._unconfirmed(way) or refusal
        self._write(write, way, after, "crm", refusal)

    @rule(key=st.sampled_from("abc"), value=TEXTS, description=NAMES, way=WAYS)
    def set_variable(self, key: str, value: str, description: str, way: Way) -> None:
        def after(world: World, answer: Any) -> None:
            world.objects["variables"].pop(key, None)
            if value.strip():
                world.add("variables", key, {"value": value, "description": description})

        params = {"value": value, "description": description}
        deletes = not value.strip() and key in self.world.objects["variables"]
        refusal = self._unconfirmed(way) if deletes else ""
        self._write(Write("variables.set", {"key": key}, params), way, after, "variables", refusal)

    @rule(number=NUMBERS, holder=NUMBERS, assign=st.booleans(), way=WAYS)
    def assign(self, number: int, holder: int, assign: bool, way: Way) -> None:
        slug, refusal = self._pick("roles", number)
        user_num, unknown = self._pick("users", holder)

        def after(world: World, answer: Any) -> None:
            role = world.objects["roles"][slug]
            others = [one for one in role["holders"] if one != user_num]
            role["holders"] = sorted([*others, user_num]) if assign else others

        name = "roles.assign" if assign else "roles.unassign"
        write = Write(name, {"slug": slug}, {"user_num": user_num})
        refusal = refusal or (unknown and "validation_error")
        self._write(write, way, after, "roles", refusal)

    @rule(data=st.data(), way=WAYS)
    def bulk(self, data: st.DataObject, way: Way) -> None:
        """Several changes of CRM systems: all, or none if one is wrong."""
        goal, items, wrong, happened = self.world.copy(), [], False, False
        for _ in range(data.draw(st.integers(1, 4))):
            action = data.draw(st.sampled_from(["create", "create", "update", "delete"]))
            there = sorted(goal.objects["crm"])
            public_id = data.draw(st.sampled_from([*there, "099"]))
            values = data.draw(VALUES["crm"])
            params = {} if action == "delete" else values
            if action != "create":
                params = {**params, "crm_num": public_id}
                wrong = wrong or public_id not in there
            wrong = wrong or (action == "delete" and not (way.confirm or way.dry_run))
            items.append({"action": action, "params": params})
            if not wrong:
                earlier = goal.copy()
                _do(goal, action, public_id, values)
                happened = happened or goal != earlier

        def after(world: World, answer: Any) -> bool:
            world.objects["crm"] = goal.objects["crm"]
            return happened

        refusal = "not_found confirmation_required" if wrong else ""
        self._write(Write("crm.bulk", {}, {"items": items}), way, after, "crm", refusal)

    @precondition(lambda self: self.newest is not None)
    @rule(way=WAYS)
    def undo(self, way: Way) -> None:
        """The newest change: the world is as it was before; secrets alone do not come back."""
        assert self.newest is not None
        entry_id, before = self.newest
        entry = AuditEntry.objects.get(pk=entry_id)
        deleted = entry.event.endswith(".deleted")
        lost = [n for n in SECRETS if entry.changes.get(n, {}).get("before") == "set"]

        def after(world: World, answer: Any) -> None:
            world.objects = before.copy().objects
            if deleted and entry.object_resource == "crm":
                world.objects["crm"][entry.object_id].update(dict.fromkeys(SECRETS))

        refusal = self._unconfirmed(way) or ("conflict" if lost and not deleted else "")
        write = Write("audit.revert", {"id": str(entry_id)}, {})
        self._write(write, way, after, entry.object_resource, refusal)

    @rule(kind=st.sampled_from(["crm", "users", "roles"]), number=NUMBERS, way=WAYS)
    def delete_by_mistake(self, kind: str, number: int, way: Way) -> None:
        self.delete(kind, number, Way())
        if self.newest is not None:
            self.undo(way)

    # --- How one write is made and judged ---

    def _write(self, write: Write, way: Way, after: After, kind: str, refusal: str = "") -> None:
        """`refusal` are the error codes that may come, if it must be refused."""
        headers = self._headers(write, way)
        if headers.get("If_Match") == '"stale"':
            refusal = "precondition_failed"
        rows, count = stored(), changes_recorded()
        with crashing(way.crash) as crash:
            first = write.send(self.api, way, **headers)
        answer: Answer | None = first
        if first.status >= 500:
            assert crash.happened
            if not crash.committed:
                assert (stored(), changes_recorded()) == (rows, count)
            answer = self._after_crash(write, way, headers, crash.committed)
        if answer is None:
            self._succeeded(None, after, count)
        elif refusal or way.dry_run:
            self._judge(answer, refusal, after)
            assert (stored(), changes_recorded()) == (rows, count)
        else:
            assert answer.status in (200, 201), answer
            self._succeeded(answer, after, count)
            self._repeat(write, way, headers, answer)
        assert read(self.api, kind) == self.world.shown(kind)

    def _after_crash(
        self, write: Write, way: Way, headers: dict[str, str], committed: bool
    ) -> Answer | None:
        """What the client hears when it sends the write again; None: it cannot, and it was done."""
        if not committed or way.keyed:
            answer = write.send(self.api, way, **headers)
            assert answer.replayed == committed
            return answer
        return None

    def _headers(self, write: Write, way: Way) -> dict[str, str]:
        headers = {"Idempotency_Key": uuid.uuid4().hex} if way.keyed else {}
        if way.match == "stale":
            headers["If_Match"] = '"stale"'
        if way.match == "current" and (etag := self._etag(write)):
            headers["If_Match"] = etag
        return headers

    def _etag(self, write: Write) -> str:
        """Of the object that the write is about, if there is one to be read."""
        for kind in KINDS.values():
            if kind.lookup in write.path and write.name != "audit.revert":
                found = self.api.get(f"/{kind.collection}/{write.path[kind.lookup]}")
                return str(found.headers["ETag"]) if found.status_code == 200 else ""
        return ""

    def _judge(self, answer: Answer, refusal: str, after: After) -> None:
        """An answer to a write that was refused, or only tried."""
        if refusal:
            assert answer.code in refusal.split(), answer
            return
        assert answer.status == 200, answer
        goal = self.world.copy()
        happened = after(goal, answer.data)
        assert answer.changed == (happened or goal != self.world)

    def _succeeded(self, answer: Answer | None, after: After, count: int) -> None:
        before, goal = self.world, self.world.copy()
        happened = after(goal, answer.data if answer else None) or goal != before
        self.world = goal
        added = changes_recorded() - count
        assert (added > 0) == happened
        if answer:
            assert answer.changed == happened
        if added:
            entry = AuditEntry.objects.latest("pk")
            known = added == 1 and entry.object_resource in ("crm", "users", "roles")
            self.newest = (entry.pk, before) if known else None

    def _repeat(self, write: Write, way: Way, headers: dict[str, str], first: Answer) -> None:
        """The same request under the same key: the same answer, and no further effect."""
        if not (way.keyed and way.again):
            return
        rows, count = stored(), changes_recorded()
        again = write.send(self.api, way, **headers)
        assert again.replayed
        assert (again.status in (200, 201), again.data, again.changed) == (
            True, first.data, first.changed,
        )  # fmt: skip
        other = Write(write.name, write.path, {**write.params, "no_such_field": 1})
        assert other.send(self.api, way, **headers).code == "idempotency_mismatch"
        assert (stored(), changes_recorded()) == (rows, count)

    # --- Helpers ---

    def _pick(self, kind: str, number: int) -> tuple[str, str]:
        """The id of an object, or of none: then with the refusal that this means."""
        there = sorted(self.world.objects[kind])
        if there and number != NONE:
            return there[number % len(there)], ""
        return ("no_such_role" if kind == "roles" else "899"), "not_found"

    def _new_id(self, kind: str, values: dict[str, Any], answer: Any) -> str:
        if KINDS[kind].numbered:
            return self.world.free_number(kind)
        if kind == "roles":
            return slug_of(values["name"])
        return str(answer["id"]) if answer else str(Note.objects.latest("pk").pk)

    def _unconfirmed(self, way: Way) -> str:
        return "" if way.confirm or way.dry_run else "confirmation_required"

    def teardown(self) -> None:
        """In the end all of it, and the trail: whole, and with the same story as the rows."""
        for kind in KINDS:
            assert read(self.api, kind) == self.world.shown(kind)
        chain.seal_pending()
        report = verification.verify()
        assert (report.problem, report.unsealed) == ("", 0)
        assert report.sealed == AuditEntry.objects.count()
        rows = {str(row.pk): row for row in CrmSystem.all_objects.all()}
        told = AuditEntry.objects.filter(object_resource="crm").order_by("pk")
        assert differing(rows, list(told)) == []


def _do(world: World, action: str, public_id: str, values: dict[str, Any]) -> None:
    if action == "create":
        world.add("crm", world.free_number("crm"), values)
    elif action == "update":
        world.objects["crm"][public_id].update(values)
    else:
        world.remove("crm", public_id)


def _empty() -> None:
    """As after a first start: what the machine makes is removed, what migrations made stays."""
    Role.objects.filter(system=False).delete()
    for model in (
        TeamMember, CrmSystem, Note, Variable, ManageKey, IdempotencyRecord, AuditEntry, AuditChain,
    ):  # fmt: skip
        model._base_manager.all().delete()
    ApiSwitch.objects.get_or_create(pk=1)
    chain.begin()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_whatever_is_sent_answers_rows_and_trail_agree_with_a_simple_model(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL + 1)  # every crash would be reported
    run_state_machine_as_test(
        Writes,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
