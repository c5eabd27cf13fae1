"""Presets give what they say, whatever resources there are."""

from manage_api.keys.presets import PRESETS, describe_scopes, find_preset, split_scope
from manage_api.operations import Access, all_scopes


def accesses_of(slug: str) -> set[Access]:
    return {split_scope(scope)[1] for scope in PRESETS[slug].scopes()}


def test_every_preset_gives_existing_scopes_and_some() -> None:
    assert PRESETS
    for preset in PRESETS.values():
        assert preset.scopes()
        assert set(preset.scopes()) <= set(all_scopes())


def test_no_two_presets_are_the_same() -> None:
    assert len({tuple(one.scopes()) for one in PRESETS.values()}) == len(PRESETS)


def test_what_each_preset_leaves_out() -> None:
    assert accesses_of("read_only") == {Access.READ}
    assert accesses_of("automation") == {Access.READ, Access.WRITE, Access.DELETE}
    assert accesses_of("ci_deploy") == {Access.READ, Access.WRITE, Access.SECRETS}
    assert accesses_of("ai_agent") == {Access.READ, Access.WRITE}
    assert set(PRESETS["monitoring"].scopes()) >= {"status:read"}
    assert "users:read" not in PRESETS["monitoring"].scopes()


def test_none_of_them_gives_everything() -> None:
    assert all(set(one.scopes()) < set(all_scopes()) for one in PRESETS.values())


def test_scopes_describe_scopes() -> None:
    assert describe_scopes([]) == ""
    assert (
        describe_scopes(["crm:read", "crm:write", "users:read"]) == "Reads crm, users; changes crm"
    )
    assert describe_scopes(PRESETS["read_only"].scopes()) == "Reads everything"


def test_a_preset_is_recognised() -> None:
    assert find_preset(PRESETS["ai_agent"].scopes()) is PRESETS["ai_agent"]
    assert find_preset(["crm:read"]) is None
