"""What is chosen in a form is one of the objects there are, whatever is sent as its key."""

from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from syteops.team.models import TeamMember
from tests.adminkit.test_linear_forms import addresses_of, inputs, refused, untouched, values_for
from tests.adminkit.test_strict_lists import CHOSEN
from tests.fixtures import signed_in
from tests.samples.team import a_member

pytestmark = pytest.mark.django_db

KEYS = [one for one in CHOSEN if one != "１"]  # which is an object's


def test_no_form_fails_over_a_key_that_no_object_can_have(alice: User) -> None:
    client, walked = signed_in(alice), 0
    tried: set[Any] = set()
    for url in (url for model in admin.site._registry for url in addresses_of(model)):
        page = client.get(url)
        chosen = [bound for bound, _ in inputs(page) if chooses_objects(bound.field)]
        named = {bound.html_name: bound.is_hidden for bound in chosen}
        for value in values_for([bound.field for bound in chosen], KEYS, tried):
            told = refused(client, url, {**untouched(page), **{key: [value] for key in named}})
            assert {name for name, is_hidden in named.items() if not is_hidden} <= told, value
            walked += 1
    assert walked > 30


def chooses_objects(field: Any) -> bool:
    return isinstance(field, forms.ModelChoiceField) and not field.disabled


@pytest.mark.combination
@pytest.mark.parametrize("key", [2**63, -(2**63) - 1, 10**30])
def test_nor_is_one_among_others_found(key: int) -> None:
    member = a_member()
    assert list(TeamMember.objects.filter(pk__in=[key, member.pk])) == [member]
    assert not TeamMember.objects.filter(pk__in=[key]).exists()
    with pytest.raises(ValidationError):
        forms.ModelMultipleChoiceField(TeamMember.objects.all()).clean([str(key), str(member.pk)])
