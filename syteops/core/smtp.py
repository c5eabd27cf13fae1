"""Mail over SMTP that tells when a server takes a mail for some of its recipients only.

The library hands that back to its caller, and Django drops it.
"""

from collections.abc import Mapping
from smtplib import SMTP, SMTP_SSL, SMTPException
from typing import Any

from django.core.mail.backends import smtp


class PartlyRefused(SMTPException):
    """The mail is on its way to the other recipients; sending it again would repeat it to them.

    `codes` has the server's reply code for each that was refused, by its place in the list, from 1.
    """

    def __init__(self, codes: Mapping[int, int]) -> None:
        super().__init__(f"{len(codes)} recipients were refused.")
        self.codes = codes


class _Telling:
    """Beside a connection of the library."""

    def sendmail(self, *args: Any, **more: Any) -> Any:
        """As Django calls it: with sender, recipients and mail."""
        refused = super().sendmail(*args, **more)  # type: ignore[misc]
        places = {one: place for place, one in enumerate(args[1], 1)}
        if refused:
            raise PartlyRefused({places[one]: code for one, (code, _) in refused.items()})
        return refused


class _Plain(_Telling, SMTP):
    pass


class _Encrypted(_Telling, SMTP_SSL):
    pass


class EmailBackend(smtp.EmailBackend):
    """Django's, which also raises PartlyRefused."""

    @property
    def connection_class(self) -> type[SMTP]:
        return _Encrypted if self.use_ssl else _Plain
