import pytest
from django.core.management import CommandError, call_command

from syteops.audit.models import AuditEntry
from syteops.core.demo import all_seeds
from syteops.team.models import TeamMember

pytestmark = [pytest.mark.combination, pytest.mark.django_db]


def test_it_fills_every_kind_through_the_services() -> None:
    call_command("seed_demo")

    assert all(seed.model._default_manager.exists() for seed in all_seeds())
    assert set(AuditEntry.objects.values_list("actor_id", flat=True)) == {"seed_demo"}


def test_a_site_with_content_is_left_as_it_is() -> None:
    call_command("seed_demo")
    before = AuditEntry.objects.count()

    with pytest.raises(CommandError, match="team members"):
        call_command("seed_demo")

    assert AuditEntry.objects.count() == before
    assert TeamMember.objects.count() == 6
