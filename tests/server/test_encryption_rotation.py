"""A new key for every stored secret: at each moment all of them open, whatever is interrupted."""

import re
import stat
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from manage_api.keys import services as keys
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM, command
from syteops.core.encryption import KeyRing, Sealed, new_encryption_key, open_sealed
from syteops.core.errors import Conflict
from syteops.core.locks import exclusive
from syteops.crm.models import CrmSystem
from syteops.crm.services import create_crm_system, set_secrets
from syteops.server import encryption_rotation
from syteops.server.encryption_proof import Proof, read_proof, write_proof
from syteops.server.encryption_rotation import rotate_file
from tests.fixtures import Api
from tests.threads import elsewhere

ACTOR = command("rotate_encryption_keys")
SECRETS = ("first-secret", "second-secret", "third-secret")

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path, settings: Any) -> Path:
    """The key file of this test alone."""
    path = tmp_path / "encryption_keys"
    path.write_text(new_encryption_key() + "\n")
    path.chmod(0o600)
    settings.FIELD_ENCRYPTION_KEY_FILE = path
    return path


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encryption_rotation, "GRACE", 0)
    monkeypatch.setattr(encryption_rotation, "BATCH", 1)


@pytest.fixture
def key(file: Path) -> str:
    """A site key, and secrets of live and deleted systems, all under the first encryption key."""
    for secret in SECRETS:
        set_secrets(SYSTEM, create_crm_system(SYSTEM, name=secret), api_key=secret)
    gone = set_secrets(SYSTEM, create_crm_system(SYSTEM, name="gone"), api_secret="gone")
    CrmSystem.all_objects.filter(pk=gone.pk).update(deleted_at=gone.updated_at, number=None)
    write_proof()
    return keys.generate_site_key(SYSTEM).text


def everything_opens(key: str) -> None:
    """Also for a server that has been running all the time: it has nothing but the file."""
    found = [open_sealed(one, "api_key") for one in CrmSystem.objects.order_by("number")]
    assert found == list(SECRETS)
    assert open_sealed(CrmSystem.all_objects.get(name="gone"), "api_secret") == "gone"
    assert read_proof() is Proof.OPENS
    assert Api(key).get("/whoami").status_code == 200


def keys_in(file: Path) -> list[str]:
    return file.read_text().split()


def test_every_value_is_sealed_anew_and_the_old_key_is_gone(file: Path, key: str) -> None:
    (old,) = keys_in(file)
    out = StringIO()

    call_command("rotate_encryption_keys", stdout=out)

    (new,) = keys_in(file)
    assert new != old
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    everything_opens(key)
    for system in CrmSystem.all_objects.all():
        for sealed in filter(None, (system.api_key, system.api_secret)):
            KeyRing([new]).open(sealed.ciphertext)
    assert "6 secrets" in out.getvalue()
    assert "1 old keys were dropped" in out.getvalue()


def test_it_touches_nothing_else_and_leaves_one_audit_entry(file: Path, key: str) -> None:
    columns = ("pk", "name", "updated_at", "api_key_set_at", "deleted_at")
    before = list(CrmSystem.all_objects.values(*columns))
    entries = AuditEntry.objects.count()

    call_command("rotate_encryption_keys", stdout=StringIO())

    assert list(CrmSystem.all_objects.values(*columns)) == before
    assert AuditEntry.objects.count() == entries + 1
    entry = AuditEntry.objects.latest("pk")
    assert (entry.event, entry.actor_kind, entry.operation) == (
        "encryption.rotated",
        "command",
        "rotate_encryption_keys",
    )
    assert entry.changes["values"]["after"] == 6


def test_old_keys_are_kept_on_request(file: Path, key: str) -> None:
    (old,) = keys_in(file)

    call_command("rotate_encryption_keys", "--keep-old", stdout=StringIO())

    new, kept = keys_in(file)
    assert (new != old, kept) == (True, old)
    everything_opens(key)


def test_a_second_run_drops_whatever_earlier_ones_kept(file: Path, key: str) -> None:
    for _ in range(2):
        call_command("rotate_encryption_keys", "--keep-old", stdout=StringIO())

    call_command("rotate_encryption_keys", stdout=StringIO())

    assert len(keys_in(file)) == 1
    everything_opens(key)


# --- Interrupted -----------------------------------------------------------------------------

STEPS = ("_write", "_wait_for_writers", "_reseal_rows", "_record")


class Interrupted(BaseException):
    """As a signal would end it: nothing that follows is done."""


def interrupt_at(
    number: int, monkeypatch: pytest.MonkeyPatch, look: Callable[[], None]
) -> Callable[[], int]:
    """Look before each step; end before the step of that number. Answers how many there were."""
    count = 0

    def stepped(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            look()
            if count == number:
                raise Interrupted
            count += 1
            return real(*args, **kwargs)

        return step

    for name in STEPS:
        monkeypatch.setattr(encryption_rotation, name, stepped(getattr(encryption_rotation, name)))
    return lambda: count


def test_at_every_step_all_opens_and_an_interrupted_run_is_simply_repeated(
    file: Path, key: str
) -> None:
    number, was_interrupted = 0, True
    while was_interrupted:
        with pytest.MonkeyPatch.context() as patched:
            interrupt_at(number, patched, lambda: everything_opens(key))
            try:
                rotate_file(ACTOR, file)
                was_interrupted = False
            except Interrupted:
                number += 1
        everything_opens(key)
        rotate_file(ACTOR, file)
        assert len(keys_in(file)) == 1
        everything_opens(key)
    assert number >= 9  # two writes of the file, the wait, five rows at least, the entry


def test_values_stored_meanwhile_are_under_the_new_key(file: Path, key: str) -> None:
    def store() -> None:
        set_secrets(SYSTEM, CrmSystem.objects.get(name="third-secret"), api_secret="meanwhile")
        set_secrets(SYSTEM, create_crm_system(SYSTEM, name="new"), api_key="added meanwhile")

    with pytest.MonkeyPatch.context() as patched:
        real = encryption_rotation._reseal_rows

        def stepped(*args: Any) -> Any:
            store()
            return real(*args)

        patched.setattr(encryption_rotation, "_reseal_rows", stepped)
        rotate_file(ACTOR, file)

    third = CrmSystem.objects.get(name="third-secret")
    assert open_sealed(third, "api_secret") == "meanwhile"
    assert {open_sealed(one, "api_key") for one in CrmSystem.objects.filter(name="new")} == {
        "added meanwhile"
    }


def test_the_start_page_shows_how_far_it_is(file: Path, key: str, page: Client) -> None:
    seen: list[str] = []

    def look() -> None:
        html = page.get("/admin/").content.decode()
        if shown := re.search('value="([0-9]+)" aria-labelledby="sealing"', html):
            seen.append(f"{shown[1]} {'goes on working' in html}")

    with pytest.MonkeyPatch.context() as patched:
        interrupt_at(4, patched, look)
        with pytest.raises(Interrupted):
            rotate_file(ACTOR, file)
    assert len(seen) > 1
    assert seen[0] == "0 True"
    assert 0 < int(seen[-1].split()[0]) < 100
    html = page.get("/admin/").content.decode()
    assert "Interrupted" in html
    assert "Run <code>manage.py rotate_encryption_keys</code> again" in html
    rotate_file(ACTOR, file)
    assert 'id="sealing"' not in page.get("/admin/").content.decode()


def test_two_rotations_at_once_are_refused(file: Path, key: str) -> None:
    with elsewhere(exclusive(encryption_rotation.ROTATION_LOCK)):
        with pytest.raises(Conflict):
            rotate_file(ACTOR, file)
        with pytest.raises(CommandError, match="under way"):
            call_command("rotate_encryption_keys", stdout=StringIO())
    assert len(keys_in(file)) == 1
    everything_opens(key)


# --- Values that no key opens ------------------------------------------------------------------


def test_a_damaged_value_is_named_and_stops_nothing(file: Path, key: str) -> None:
    damaged = create_crm_system(SYSTEM, name="zzz damaged")
    CrmSystem.objects.filter(pk=damaged.pk).update(api_secret=Sealed(b"damaged"))
    errors = StringIO()

    call_command("rotate_encryption_keys", stdout=StringIO(), stderr=errors)

    assert f"crm.CrmSystem {damaged.pk}: api_secret" in errors.getvalue()
    assert len(keys_in(file)) == 1
    assert CrmSystem.objects.get(pk=damaged.pk).api_secret == Sealed(b"damaged")
    damaged.delete()
    everything_opens(key)


# --- Keys from the environment -----------------------------------------------------------------


def test_given_keys_are_used_in_their_order_and_it_says_what_to_remove(
    key: str, file: Path, settings: Any
) -> None:
    (old,), new = keys_in(file), new_encryption_key()
    settings.FIELD_ENCRYPTION_KEY_FILE = None
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    out = StringIO()

    call_command("rotate_encryption_keys", stdout=out)

    assert "remove every key but the first" in out.getvalue()
    settings.FIELD_ENCRYPTION_KEYS = [new]
    everything_opens(key)


def test_one_given_key_cannot_be_rotated_and_it_says_what_to_do(settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEY_FILE = None
    settings.FIELD_ENCRYPTION_KEYS = [new_encryption_key()]

    with pytest.raises(CommandError, match="Put a new one in front"):
        call_command("rotate_encryption_keys", stdout=StringIO())


def test_a_link_to_the_key_file_leads_to_the_new_keys(tmp_path: Path) -> None:
    """The link was replaced: whoever kept a copy of what it led to had the dropped keys."""
    kept, link = tmp_path / "kept", tmp_path / "encryption_keys"
    kept.write_text("former\n")
    link.symlink_to(kept)
    encryption_rotation._write(link, ["new"])
    assert (kept.read_text(), link.is_symlink()) == ("new\n", True)
