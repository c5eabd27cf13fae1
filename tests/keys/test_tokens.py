"""The text of a key: its parts, its checksum, and everything that is not one."""

import hashlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manage_api.keys import tokens
from tests.each import each

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def test_a_new_key_is_54_characters_and_comes_apart_again() -> None:
    token = tokens.new_token()
    assert len(token.text) == 54
    assert tokens.parse(token.text) == token


def test_keys_differ() -> None:
    made = [tokens.new_token() for _ in range(1000)]
    assert len({token.secret for token in made}) == len({token.public_id for token in made}) == 1000


@given(st.integers(4, 53), st.sampled_from(BASE62))
def test_any_typing_error_is_noticed(place: int, character: str) -> None:
    text = tokens.new_token().text
    changed = text[:place] + character + text[place + 1 :]
    assert changed == text or tokens.parse(changed) is None


@given(st.text())
def test_garbage_is_no_key(text: str) -> None:
    assert tokens.parse(text) is None


@pytest.mark.parametrize("around", [" {}", "{} ", "{}\n", "{}x", "x{}", "SOM_{}"])
def test_what_stands_around_a_key_spoils_it(around: str) -> None:
    assert tokens.parse(around.format(tokens.new_token().text)) is None


def test_neither_repr_nor_str_nor_hint_shows_the_secret() -> None:
    token = tokens.new_token()
    for shown in (repr(token), str(token), f"{token}", token.hint):
        assert not any(token.secret[place : place + 6] in shown for place in range(27))


@each("place", range(32))
def test_every_character_of_the_secret_is_verified(place: int) -> None:
    token = tokens.new_token()
    other = "a" if token.secret[place] != "a" else "b"
    near = token._replace(secret=token.secret[:place] + other + token.secret[place + 1 :])

    assert near.verifier != token.verifier


def test_the_verifier_is_the_whole_sha_256_of_the_secret() -> None:
    secret = tokens.new_token().secret

    shown = tokens.Token("0" * 12, secret).verifier

    assert shown == hashlib.sha256(secret.encode("ascii")).hexdigest()
