"""Nobody keeps entries from being sealed, so as to delete one, while writes go on."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import DatabaseError, connection

from syteops.audit import chain, verification
from syteops.core.actors import SYSTEM
from syteops.crm import services
from syteops.crm.models import CrmSystem
from tests.fixtures import Api

pytestmark = pytest.mark.django_db(transaction=True)

After = Callable[[float], None]


def write(name: str) -> None:
    services.create_crm_system(SYSTEM, name=name)


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Lets somebody hold the lock under which entries are sealed, or give it back."""
    return lambda held: monkeypatch.setattr(chain, "try_transaction_lock", lambda _: not held)


def test_while_nothing_is_sealed_nothing_is_written(
    after: After, hold: Callable[[bool], None], api: Api
) -> None:
    hold(True)
    write("Waits from now on")
    for seconds in (0, 59):
        after(seconds)
        write(f"After {seconds}")
    after(61)
    with pytest.raises(chain.TrailBroken, match="have not been sealed"):
        write("Unseen")
    assert api.post("/crm-systems", {"name": "Unseen"}).status_code == 503
    assert not chain.is_intact()

    hold(False)
    chain.seal_left()  # as a worker does within a second
    write("Seen")

    assert not CrmSystem.objects.filter(name="Unseen").exists()
    assert verification.verify()[1::2] == (0, "")


def test_an_entry_that_waits_is_nothing_while_others_are_sealed(
    after: After, hold: Callable[[bool], None]
) -> None:
    for seconds in range(0, 200, 25):
        after(seconds)
        hold(True)
        write(f"Waits {seconds}")
        assert chain.is_intact()
        hold(False)
        chain.seal_left()


def test_nor_is_one_after_a_quiet_night(after: After, hold: Callable[[bool], None]) -> None:
    """The next write comes between its commit and its seal, however long after the one before."""
    for seconds in (0, 9999):
        after(seconds)
        write("Sealed")
        hold(True)
        write("Waits")
        write("Comes before that is sealed")
        hold(False)
        chain.seal_left()


@pytest.mark.sqlite_only
def test_an_entry_that_cannot_be_read_keeps_none_unsealed_for_long(
    after: After, hold: Callable[[bool], None]
) -> None:
    hold(True)
    write("Before")
    hold(False)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_auditentry SET mac = CAST(x'ff' AS TEXT)")
    for seconds in (0, 59):
        after(seconds)
        with suppress(DatabaseError):  # of sealing, which in a server nobody sees
            write(f"After {seconds}")

    after(61)
    with pytest.raises(chain.TrailBroken, match="cannot be read"):
        write("Unseen")
    assert "cannot be read" in verification.verify().problem
