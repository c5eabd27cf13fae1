"""Secrets at rest: what opens a sealed value, what does not, and where it never shows."""

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core import serializers
from django.core.exceptions import FieldError, ImproperlyConfigured, ValidationError
from django.core.management import call_command
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from syteops.ai.models import AiProvider
from syteops.core.actors import SYSTEM
from syteops.core.encryption import (
    KeyRing,
    Sealed,
    UnsealError,
    new_encryption_key,
    open_sealed,
    ring,
    seal,
    sealed_fields,
)
from syteops.crm.models import CrmSystem
from syteops.crm.services import create_crm_system, set_secrets

pytestmark = pytest.mark.combination

SECRET = "a-secret-nobody-may-see"
OLD, NEW, LOST = (new_encryption_key() for _ in range(3))


@pytest.fixture
def system(db: None) -> CrmSystem:
    """A stored CRM system that has an API key and no API secret."""
    return stored(set_secrets(SYSTEM, create_crm_system(SYSTEM, name="HubSpot"), api_key=SECRET))


def stored(system: CrmSystem) -> CrmSystem:
    return CrmSystem.all_objects.get(pk=system.pk)


# --- The ring ------------------------------------------------------------------------------


@given(st.binary(max_size=300))
def test_what_was_sealed_opens_again_and_looks_like_nothing(plain: bytes) -> None:
    keys = KeyRing([OLD])
    sealed = keys.seal(plain)

    assert keys.open(sealed) == plain
    assert len(plain) < 4 or plain not in sealed
    assert keys.seal(plain) != sealed


@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(KeyRing([OLD]).seal(b"plain"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises(UnsealError):
        KeyRing([OLD]).open(bytes(sealed))


@given(st.binary(max_size=120))
def test_garbage_does_not_open(garbage: bytes) -> None:
    with pytest.raises(UnsealError):
        KeyRing([OLD, NEW]).open(garbage)


def test_the_first_key_seals_and_all_open() -> None:
    before = KeyRing([OLD]).seal(b"before")
    both = KeyRing([NEW, OLD])

    assert both.open(before) == b"before"
    assert KeyRing([NEW]).open(both.seal(b"after")) == b"after"
    with pytest.raises(UnsealError):
        KeyRing([NEW]).open(before)
    with pytest.raises(UnsealError):
        KeyRing([OLD]).open(both.seal(b"after"))


def test_a_ring_without_keys_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured):
        KeyRing([])


# --- Bound to its row and column -------------------------------------------------------------


def test_it_opens_where_it_was_sealed(system: CrmSystem) -> None:
    assert open_sealed(system, "api_key") == SECRET
    assert open_sealed(system, "api_secret") is None


def test_a_ciphertext_copied_to_another_row_does_not_open(system: CrmSystem) -> None:
    other = create_crm_system(SYSTEM, name="Zoho")
    CrmSystem.objects.filter(pk=other.pk).update(api_key=system.api_key)

    with pytest.raises(UnsealError, match="another row"):
        open_sealed(stored(other), "api_key")


def test_nor_in_the_same_column_of_another_table(system: CrmSystem) -> None:
    """Even if the two rows are named alike."""
    other = AiProvider(uid=system.uid, api_key=system.api_key)

    with pytest.raises(UnsealError, match="another row"):
        open_sealed(other, "api_key")


def test_nor_in_another_column_of_its_row(system: CrmSystem) -> None:
    CrmSystem.objects.filter(pk=system.pk).update(api_secret=system.api_key)

    with pytest.raises(UnsealError, match="another row"):
        open_sealed(stored(system), "api_secret")


def test_the_binding_survives_the_loss_of_the_slot_number(system: CrmSystem) -> None:
    CrmSystem.objects.filter(pk=system.pk).update(number=77)

    assert open_sealed(stored(system), "api_key") == SECRET


def test_a_damaged_row_does_not_break_the_list_of_all(system: CrmSystem) -> None:
    CrmSystem.objects.filter(pk=system.pk).update(api_key=Sealed(b"damaged"))
    create_crm_system(SYSTEM, name="Zoho")

    assert [one.name for one in CrmSystem.objects.all()] == ["HubSpot", "Zoho"]
    with pytest.raises(UnsealError):
        open_sealed(stored(system), "api_key")


def test_what_does_not_open_can_be_replaced_and_cleared(system: CrmSystem) -> None:
    CrmSystem.objects.filter(pk=system.pk).update(api_key=Sealed(b"damaged"))

    assert open_sealed(set_secrets(SYSTEM, stored(system), api_key="new"), "api_key") == "new"


# --- Keys ----------------------------------------------------------------------------------


def test_another_secret_key_loses_nothing(system: CrmSystem, settings: Any) -> None:
    settings.SECRET_KEY = "another"

    assert open_sealed(stored(system), "api_key") == SECRET


def test_keys_from_the_environment_rotate_by_their_order(system: CrmSystem, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEY_FILE = None
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    set_secrets(SYSTEM, stored(system), api_key="under old")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert open_sealed(stored(system), "api_key") == "under old"
    set_secrets(SYSTEM, stored(system), api_key="under new")
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert open_sealed(stored(system), "api_key") == "under new"
    settings.FIELD_ENCRYPTION_KEYS = [LOST]
    with pytest.raises(UnsealError):
        open_sealed(stored(system), "api_key")


def test_the_ring_follows_a_file_that_is_replaced_beside_it(tmp_path: Path, settings: Any) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{OLD}\n")
    settings.FIELD_ENCRYPTION_KEY_FILE = file
    sealed = ring().seal(b"plain")
    assert ring() is ring()

    draft = tmp_path / "draft"
    draft.write_text(f"{NEW}\n{OLD}\n")
    draft.replace(file)

    assert ring().open(sealed) == b"plain"
    KeyRing([NEW]).open(ring().seal(b"plain"))


def test_the_key_file_makes_itself_for_its_owner_alone(db: None, settings: Any) -> None:
    file = settings.FIELD_ENCRYPTION_KEY_FILE
    ring()

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text().split()[0]) >= 43


# --- Where it never shows --------------------------------------------------------------------


def test_no_view_of_the_model_shows_the_plain_text(system: CrmSystem) -> None:
    shown = [
        repr(system.__dict__),
        str(system.api_key),
        repr(system.api_key),
        f"{system.api_key}",
        repr(list(CrmSystem.objects.values())),
        repr(list(CrmSystem.objects.values_list("api_key", flat=True))),
        serializers.serialize("json", [system]),
    ]

    assert not any(SECRET in one for one in shown)
    assert repr(system.api_key) == "<sealed>"


def test_the_table_holds_ciphertext(system: CrmSystem) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT api_key FROM crm_crmsystem")
        raw = bytes(cursor.fetchone()[0])

    assert SECRET.encode() not in raw
    assert raw == system.api_key.ciphertext


def test_a_plain_text_is_never_stored_by_mistake(system: CrmSystem) -> None:
    system.api_key = SECRET

    with pytest.raises(TypeError, match="use seal"):
        system.save()


def test_it_can_be_looked_up_only_by_whether_it_is_there(system: CrmSystem) -> None:
    assert CrmSystem.objects.filter(api_key__isnull=False).exists()
    with pytest.raises(FieldError):
        CrmSystem.objects.filter(api_key=system.api_key).exists()


def test_a_fixture_carries_ciphertext_there_and_back(system: CrmSystem, tmp_path: Path) -> None:
    fixture = tmp_path / "crm.json"
    call_command("dumpdata", "crm", output=str(fixture))
    assert SECRET not in fixture.read_text()
    dumped = json.loads(fixture.read_text())[0]["fields"]["api_key"]
    assert base64.b64decode(dumped) == system.api_key.ciphertext
    CrmSystem.all_objects.all().delete()

    call_command("loaddata", str(fixture), verbosity=0)

    assert open_sealed(CrmSystem.objects.get(), "api_key") == SECRET


def test_a_fixture_with_something_else_in_its_place_is_refused() -> None:
    field = sealed_fields(CrmSystem)[0]

    for wrong in ("plain text", 5, "====="):
        with pytest.raises(ValidationError):
            field.to_python(wrong)


def test_sealing_another_kind_of_field_is_refused(system: CrmSystem) -> None:
    with pytest.raises(TypeError):
        seal(system, "name", SECRET)
