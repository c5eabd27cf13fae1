"""A search of the catalogue finds what looking at each variable finds, though it derives few."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from syteops.automation import queries
from syteops.automation.models import Variable, VariableSet, VariableSetValue
from syteops.automation.names import is_derived
from syteops.core import variables as families
from syteops.core.errors import NotFound
from syteops.core.folding import FoldedField
from syteops.core.variables import PIECE
from syteops.crm.models import CrmIdentifier, CrmSystem
from syteops.lib.folding import fold
from syteops.lib.text import is_blank
from syteops.roles.models import Role, RoleAssignment
from syteops.team import variables as team_variables
from syteops.team.models import PUBLISHED, TeamMember
from syteops.team.queries import published_values

pytestmark = [pytest.mark.django_db, pytest.mark.combination]

WORDS = (
    *("Ada", "Ångström", "ada lovelace", "STRASSE", "straße", "of", "is", "e", "007", "1", "_x"),
    *("%", "crm 001 id of", "\ufdfa" * 3, "A\u0301", "\u3000two\u2003blanks ", "email", "true"),
)
BESIDE = (
    *("no such word", "7_", "user_", "_is_", " of ", "team member 0"),
    *("user_0", "user_007", "_010_", "er_02", "r_000", "member 00", "07", "1007"),
)
COUNT, PIECES = 30, 150


def _texts(by: random.Random, many: int, most: int) -> Iterator[str]:
    for _ in range(many):
        text = " ".join(by.choices(WORDS, k=by.randint(0, 3)))
        yield text[:most]


@pytest.fixture
def by() -> random.Random:
    return random.Random(14)


@pytest.fixture
def site(by: random.Random) -> None:
    numbers = [*range(1, COUNT), 100, 1007, 12345]
    members = TeamMember.objects.bulk_create(TeamMember(number=n, **_filled(by)) for n in numbers)
    systems = CrmSystem.objects.bulk_create(
        CrmSystem(number=n, name=f"System {n}", url="https://x.example") for n in (1, 2, 70, 100)
    )
    CrmIdentifier.objects.bulk_create(
        CrmIdentifier(member=one, system=system, identifier=text)
        for one in members
        for system, text in zip(systems, _texts(by, len(systems), 200), strict=True)
        if text.strip() and by.random() < 0.5
    )
    names = ("Poet", "is of", "Ange\u0301", "Straße true", "\ufdfa" * 20)
    roles = Role.objects.bulk_create(
        Role(slug=f"role_{n}_is", name=name, icon="badge") for n, name in enumerate(names)
    )
    RoleAssignment.objects.bulk_create(
        RoleAssignment(member=one, role=by.choice(roles)) for one in members[::3]
    )
    Variable.objects.bulk_create(
        Variable(key=f"key{n}", value=text or "x", description=text[::-1].strip())
        for n, text in enumerate(_texts(by, COUNT, 100))
    )
    sets = VariableSet.objects.bulk_create(
        VariableSet(name=text or "Brand", acronym=f"set{n}")
        for n, text in enumerate(_texts(by, 5, 100))
    )
    VariableSetValue.objects.bulk_create(
        VariableSetValue(set=one, suffix=f"s_{n}", value=text)
        for one in sets
        for n, text in enumerate(_texts(by, 4, 100))
    )


def _filled(by: random.Random) -> dict[str, str]:
    names = ("full_name", *PUBLISHED)
    lengths = {n: getattr(TeamMember._meta.get_field(n), "max_length", None) or 300 for n in names}
    chosen = by.sample(names, by.choice((0, 1, 3, len(names))))
    return {n: next(_texts(by, 1, lengths[n])).strip() for n in chosen}


Told = list[tuple[str, tuple[str, ...]]]


def all_told() -> Told:
    """The name of each variable, and its texts."""
    return sorted(
        (one.name, tuple(map(fold, (one.name, one.value, one.description))))
        for family in queries.active_families()
        for one in family.derive()
        if not is_blank(one.value)
    )


def naively(told: Told, search: str) -> list[str]:
    """The names of all that have the text, by looking at each."""
    return [name for name, texts in told if any(fold(search) in text for text in texts)]


def pieces_of(told: Told, by: random.Random, many: int) -> Iterator[str]:
    """Pieces of all that is told, however they are written, and such as are nowhere."""
    for _ in range(many):
        text = by.choice(by.choice(told)[1]) or "x"
        start = by.randrange(len(text))
        piece = text[start : start + by.choice((1, 2, 3, 5, 8, 13, 30, 200))]
        yield by.choice((piece, piece.upper(), f"{piece}q", f" {piece} "))


@pytest.mark.usefixtures("site")
def test_it_finds_what_looking_at_each_finds(by: random.Random) -> None:
    told, found = all_told(), 0
    for search in (*pieces_of(told, by, PIECES), *WORDS, *BESIDE):
        expected = naively(told, search)
        assert [one.name for one in queries.catalogue(search=search)] == expected, repr(search)
        found += bool(expected)
    assert found > PIECES / 2


@pytest.mark.usefixtures("site")
def test_each_is_found_by_its_name_and_few_others_are_derived(
    monkeypatch: pytest.MonkeyPatch, by: random.Random
) -> None:
    """To read one variable of ten thousand members derived all of them, in seconds."""
    there = {one.name: one for one in queries.catalogue()}
    derived: list[int] = []

    def counted(member: TeamMember) -> dict[str, str]:
        derived.append(member.pk)
        return published_values(member)

    monkeypatch.setattr(team_variables, "published_values", counted)
    names = [one for one in there if is_derived(one)]
    for name in by.sample(names, 60):
        assert queries.find_variable(name) == there[name]
        longer = f"{name}_x"
        if longer not in there:
            with pytest.raises(NotFound):
                queries.find_variable(longer)
    assert len(derived) < 60 * COUNT / 4


@pytest.mark.usefixtures("site")
def test_the_first_of_what_is_found_are_the_first(by: random.Random) -> None:
    told = all_told()
    for search in (*pieces_of(told, by, 20), "e", "no such word"):
        expected = naively(told, search)
        first, is_all = queries.beginning_of_catalogue(queries.FEW, search=search)
        assert is_all == (len(expected) <= queries.FEW), repr(search)
        names = [one.name for one in first]
        assert names == expected if is_all else set(names) < set(expected), repr(search)


@pytest.mark.usefixtures("site")
def test_a_column_that_is_cut_short_hides_nothing(
    monkeypatch: pytest.MonkeyPatch, by: random.Random
) -> None:
    monkeypatch.setattr(FoldedField, "longest", 20)
    TeamMember.objects.update(full_name="A\ufdfa" * 2 + " the End", biography="Much " * 10 + "more")
    for one in TeamMember.objects.all():
        one.save()
    told = all_told()
    for search in ("the end", "much more", "of a\ufdfa", "end is poet"):
        assert [one.name for one in queries.catalogue(search=search)] == naively(told, search)


@pytest.mark.usefixtures("site")
def test_no_more_is_derived_than_may_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    derived = []

    def counted(member: TeamMember) -> dict[str, str]:
        derived.append(member.pk)
        return published_values(member)

    monkeypatch.setattr(team_variables, "published_values", counted)
    TeamMember.objects.filter(number=1007).update(published_folded="zebra", city="Zebra")

    assert [one.name for one in queries.catalogue(search="zebra")] == ["syteops_user_1007_city"]
    assert queries.catalogue(search="no such word") == []
    assert len(derived) == 1


def test_of_a_word_that_everybody_has_the_first_only_are_derived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    TeamMember.objects.bulk_create(TeamMember(number=n, biography="x") for n in range(1, 3 * PIECE))
    monkeypatch.setattr(queries, "FEW", 10)
    read: list[int] = []

    def only(find: Any, about: Any) -> Any:
        read.append(len(about))
        return families.only(find, about)

    monkeypatch.setattr(team_variables, "only", only)

    found, is_all = queries.beginning_of_catalogue(10, search="biography")

    assert [one.name for one in found] == [f"syteops_user_{n:03}_biography" for n in range(1, 11)]
    assert not is_all
    assert read == [PIECE]
