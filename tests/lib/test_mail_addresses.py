"""What mail can be sent to, and what only looks so."""

import pytest
from django.core.exceptions import ValidationError

from syteops.lib.mail_addresses import validate_mail_address
from tests.each import each

GOOD = [
    "a@example.com",
    "a@b\u00fccher.example",
    "a@\u05d0\u05d1.example",
    "a@[127.0.0.1]",
    "a@localhost",
    "!#$%&'*+-/?=^_`{|}~@example.com",
]
BAD = [
    "", "a", "a@b", "a@b c.de",
    # No name server can be asked for it: sending failed, and took what others were to get along.
    "a@\u05d01.com", "a@x\u05d0.com", "a@xn--\xfc.de", "a@" + 40 * "\xdf" + ".de", "a@\uffff.de",
    "a@\xad.de",
    # As it is sent, it is another one, and none.
    "a@\u2100.de", "a@\ufdfa.de",
    # It is sent to who is encoded in it, or sending it fails, by another error in each release.
    "=?utf-8?q?x?=@example.com", "a=?x?b?YQ==?=@example.com", "=?utf-8?q?x=40y.com?=@example.com",
    "=?utf-8?q??=@example.com", "=?utf-8?q?=FF?=@example.com", '"=?utf-8?q?=2C?="@example.com',
    '""@example.com', '"<x@evil.com>"@example.com', '"a,b"@example.com',
]  # fmt: skip


@each("address", GOOD)
def test_what_mail_can_be_sent_to(address: str) -> None:
    validate_mail_address(address)


@each("address", BAD)
def test_what_it_cannot_be_sent_to(address: str) -> None:
    with pytest.raises(ValidationError) as refused:
        validate_mail_address(address)
    assert refused.value.code == "invalid"
