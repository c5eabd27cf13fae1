"""What a key can do is said of one key, and asked of all of them: both say the same."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from django.utils import timezone

from manage_api.keys import queries
from manage_api.keys.models import KeyState, ManageKey

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MOMENTS = (None, *(NOW + timedelta(seconds=one) for one in (-1, 0, 1)))
"""Never, before, now and later."""
LETS_IN = (KeyState.ACTIVE, KeyState.RETIRING)


@pytest.fixture
def every_key(monkeypatch: pytest.MonkeyPatch) -> list[ManageKey]:
    """A restricted key for each way in which what ends keys can come together."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    found = list(product((None, NOW), MOMENTS, MOMENTS, (None, NOW)))
    successors = ManageKey.objects.bulk_create(
        a_key(f"s{number:011}", revoked_at=NOW) for number in range(len(found))
    )
    return ManageKey.objects.bulk_create(
        a_key(
            f"k{number:011}",
            revoked_at=revoked,
            expires_at=expires,
            paused_at=paused,
            retires_at=retires,
            rotated_at=NOW if retires else None,
            successor=successors[number] if retires else None,
        )
        for number, (revoked, expires, retires, paused) in enumerate(found)
    )


def a_key(public_id: str, **values: object) -> ManageKey:
    key = ManageKey(public_id=public_id, kind="restricted", name="Tool", **values)
    key.seal_verifier("")
    return key


def test_the_keys_that_work_are_those_whose_state_says_so(every_key: list[ManageKey]) -> None:
    working = {key for key in every_key if key.state in LETS_IN}

    assert {key.state for key in every_key} == set(KeyState)
    assert set(queries.working_keys()) == working


def test_no_key_that_works_or_may_again_has_ended(every_key: list[ManageKey]) -> None:
    ended = {key for key in every_key if key.state in (KeyState.REPLACED, KeyState.REVOKED)}
    live = set(queries.live_keys()).intersection(every_key)

    assert ended.isdisjoint(live)
    # One that has expired is live until its overlap ends as well.
    expired = {key for key in every_key if key.state is KeyState.EXPIRED}
    assert live - expired == {*every_key} - ended - expired
