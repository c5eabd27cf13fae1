"""Presets give what they say, whatever resources there are."""

from manage_api.keys.presets import PRESETS, in_words, preset_of, split
from manage_api.operations import Access, all_scopes


def accesses_of(slug: str) -> set[Access]:
    return {split(scope)[1] for scope in PRESETS[slug].scopes()}


def test_every_preset_gives_existing_scopes_and_some() -> None:
    for preset in PRESETS.values():
        assert preset.scopes()
        assert set(preset.scopes()) <= set(all_scopes())


def test_no_two_presets_are_the_same() -> None:
    assert len({tuple(one.scopes()) for one in PRESETS.values()}) == len(PRESETS)


def test_what_each_preset_leaves_out() -> None:
    assert accesses_of("read_only") == {Access.READ}
    assert Access.SECRETS not in accesses_of("automation")
    assert Access.DELETE not in accesses_of("ci_deploy")
    assert accesses_of("ai_agent") == {Access.READ, Access.WRITE}
    assert set(PRESETS["monitoring"].scopes()) >= {"status:read"}
    assert "users:read" not in PRESETS["monitoring"].scopes()


def test_none_of_them_gives_everything() -> None:
    assert all(set(one.scopes()) < set(all_scopes()) for one in PRESETS.values())


def test_scopes_in_words() -> None:
    assert in_words([]) == ""
    assert in_words(["crm:read", "crm:write", "users:read"]) == "Reads crm, users; changes crm"
    assert in_words(PRESETS["read_only"].scopes()) == "Reads everything"


def test_a_preset_is_recognised() -> None:
    assert preset_of(PRESETS["ai_agent"].scopes()) is PRESETS["ai_agent"]
    assert preset_of(["crm:read"]) is None
