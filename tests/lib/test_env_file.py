"""The settings file means the same to everybody: nothing in a value is special."""

import pytest

from syteops.lib.env_file import WrongLine, parse_env_file
from tests.each import each


@each(
    ("line", "value"),
    [
        ("X=postgres://u:p@h/d?sslmode=require&connect_timeout=5", None),
        ("X=a$b`c`!d;e|f>g", None),
        ("X=p#ss", None),
        ("X=a=b", None),
        (r"X=a\nb", None),
        ("X=it's", None),
        ("X=Acme Ops", None),
        ("X= a ", "a"),
        ("X = a", "a"),
        ("export X=a", "a"),
        ('X="a # b"', "a # b"),
        ("X=' a '", " a "),
        ('X=""', ""),
        ("X=", ""),
        ("X=ä", "ä"),
    ],
)
def test_a_value_is_what_stands_there(line: str, value: str | None) -> None:
    expected = line.removeprefix("X=") if value is None else value
    assert parse_env_file(f"# comment\n\n  # another\n{line}\r\n") == {"X": expected}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("secret", "line 2 is not of the form"),
        ("1X=secret", "line 2 is not of the form"),
        ("A-B=secret", "line 2 is not of the form"),
        ("=secret", "line 2 is not of the form"),
        ('X="secret', "line 2 has a quote"),
        ("X='secret' # why", "line 2 has a quote"),
        ('X="secret"secret"', "line 2 has a quote"),
        ("X=secret # why", "line 2 has a # behind a blank"),
        ("A=secret", "line 2 sets A a second time"),
        ("X=secret\0", "line 2 has a control character"),
        ("X=secret\fB=1", "line 2 has a control character"),
        ("X=secret\rB=1", "line 2 has a control character"),
        ("X=secret\N{LINE SEPARATOR}B=1", "line 2 has a control character"),
    ],
)
def test_what_may_be_meant_otherwise_is_refused_without_being_shown(
    line: str, problem: str
) -> None:
    with pytest.raises(WrongLine) as refused:
        parse_env_file(f"A=1\n{line}\n")
    assert problem in str(refused.value)
    assert "secret" not in str(refused.value)


def test_the_mark_that_editors_of_windows_begin_a_file_with_is_none_of_its_names() -> None:
    assert parse_env_file("\N{ZERO WIDTH NO-BREAK SPACE}X=1\r\nY=2\r\n") == {"X": "1", "Y": "2"}
