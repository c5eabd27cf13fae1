import re
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from syteops.lib import countries, languages, time_zones


def test_every_official_country_code_is_known() -> None:
    assert len(countries.names()) == 249
    assert countries.names()["AT"] == "Austria"
    assert all(re.fullmatch("[A-Z]{2}", code) for code in countries.names())


def test_countries_are_offered_by_name() -> None:
    offered = [name for _, name in countries.choices()]

    assert offered == sorted(offered)


@pytest.mark.parametrize("code", ["", "at", "XX", "EU", "UK", "AUT"])
def test_what_is_no_country_code_is_not_known(code: str) -> None:
    assert code not in countries.names()


def test_every_time_zone_offered_can_be_used() -> None:
    assert time_zones.names()
    for name in time_zones.names():
        assert ZoneInfo(name).key == name


def test_usual_time_zones_are_offered_and_placeholders_are_not() -> None:
    assert {"UTC", "Europe/Vienna", "America/Argentina/Buenos_Aires"} <= set(time_zones.names())
    assert "Factory" not in time_zones.names()


@pytest.mark.parametrize(
    "tag",
    ["en", "de-AT", "yue", "zh-Hant-TW", "es-419", "sl-rozaj-biske", "de-CH-1901", "EN-us"],
)
def test_language_tags_are_accepted(tag: str) -> None:
    languages.is_language(tag)


@pytest.mark.parametrize(
    "tag",
    ["e", "english", "de_AT", "de-", "-de", "de--AT", "de-AT-", "en\n", "en US", "ü", "1e", "*"],
)
def test_what_is_no_language_tag_is_refused(tag: str) -> None:
    with pytest.raises(ValidationError):
        languages.is_language(tag)


@pytest.mark.parametrize(
    ("written", "usual"),
    [
        ("DE", "de"),
        ("de-at", "de-AT"),
        ("ZH-hANT-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("SL-ROZAJ", "sl-rozaj"),
        ("de-1901", "de-1901"),
    ],
)
def test_language_tags_get_their_usual_case(written: str, usual: str) -> None:
    assert languages.normal_tag(written) == usual
    assert languages.normal_tag(usual) == usual
