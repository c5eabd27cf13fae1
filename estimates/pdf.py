"""An estimate as a PDF: laid out by Typst, whose compiler and fonts come with its package.

All that people wrote goes to the template as data and is never read as markup.
"""

import errno
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime

from estimates import typesetting
from estimates.branding import Brand, brand
from estimates.choices import UNSENT
from estimates.models import Estimate, LineItem
from estimates.summary import parted, totals
from estimates.templatetags.amounts import money, number
from syteops.core.addresses import lockout_address
from syteops.core.errors import DomainError
from syteops.core.locks import Busy, exclusive
from syteops.core.waiting import beside, works_beside
from syteops.lib.colours import WHITE, Colour, readable
from syteops.lib.markdown import to_tree
from syteops.lib.pictures import data_of
from syteops.lib.text import breakable, is_right_to_left, longest_cluster

PAPERS = {"A4": "a4", "Letter": "us-letter"}
LARGEST_INPUT = 4_000_000
LARGEST = 10_000_000
"""Bytes, as JSON and as PDF. Mail servers take some 25 million, and encoding adds a third."""

_PATIENCE = typesetting.SECONDS + 10  # a busy machine gives it less than a processor
_TURN = 30.0
"""Seconds for which a request waits until its PDF is begun."""
_RESTS = 60.0
"""Seconds in which no request has it made again that had to be ended: it takes up a processor, or
all memory, each time.
"""
_ENDED_BY_OTHERS = (-signal.SIGKILL, -signal.SIGTERM)
"""As a machine that runs out of memory does it. Our own bounds end it in other ways."""
_NO_ROOM = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
"""Why no process starts on a machine that has none left, or no memory."""
_PRINTED_LINKS = ("http://", "https://", "mailto:")
_LONGEST_LINK = 8_000
"""Typst refuses the whole document for a longer one."""
_WIDEST = 14
_WRITTEN = ("title", "client_name", "client_company", "content", "answered_by", "answer_comment")
_MOST_STACKED = 64
"""Characters in what a person takes for one: four times what any script or emoji has."""


class PdfFailed(DomainError):
    """There can be no PDF of the estimate."""


class PdfLate(PdfFailed):
    """There is none yet: the machine has too much to do."""


class PdfEnded(PdfLate):
    """Its making took too much of the machine."""


def pdf_of(estimate: Estimate) -> bytes:
    """The estimate as a PDF for a mail; the same one as long as nothing in it changes.

    A worker makes one after the other: a long one takes 300 MB, and eight mails are written at the
    same time. Raises PdfFailed for one that is too large, and PdfLate if it may work later.
    """
    with _of_mails:
        return _bytes(_making(estimate).made())


def pdf_beside(request: HttpRequest, estimate: Estimate) -> bytes | None:
    """The same for a request; None until it is made: see `not_yet`.

    A long one takes many seconds. It is made beside the thread that answers others, and beside no
    other such: each takes up a processor. Whoever comes meanwhile waits for his turn, `_TURN` at
    most; for the same PDF he gets that one.
    """
    making = _making(estimate)
    if making.kept:
        return _bytes(making.kept)
    making.read_rows()
    patience = _TURN if works_beside(request) else 0.0
    make = partial(making.made_in_turn, patience)
    made = beside(request, "pdf", lockout_address(request), make)
    return None if made is None else _bytes(made)


def file_name(estimate: Estimate) -> str:
    """What the file is called where it is kept."""
    revision = f"-{estimate.revision}" if estimate.revision > 1 else ""
    return f"{estimate.number}{revision}.pdf"


@contextmanager
def _alone(until: float) -> Iterator[None]:
    """Beside no other PDF for a request, on whatever process. Raises PdfLate if that takes longer
    than `until`, on the monotonic clock.
    """
    if not _turn.acquire(timeout=max(0.0, until - monotonic())):
        raise PdfLate(_BUSY)
    try:
        with exclusive("estimates.pdf", until=until):
            yield
    except Busy as error:
        raise PdfLate(_BUSY) from error
    finally:
        _turn.release()


_BUSY = "Another PDF is being made just now. Try again in a moment."
_of_mails = Lock()
_turn = Lock()
"""Of this process: one of its threads at a time looks whether another process makes one."""


@dataclass
class _Making:
    """What the PDF of an estimate is made of, and then the PDF, or why there is none."""

    estimate: Estimate
    by: Brand
    kept: bytes | str = ""
    late: str = ""
    """Why there was none the last time; requests have it made again after `rests_until`."""
    rests_until: float = 0.0
    turn: Lock = field(default_factory=Lock)

    def read_rows(self) -> None:
        """Read what the database has of it, in the thread that has the connection."""
        prefetch_related_objects([self.estimate], "line_items")

    def made(self) -> bytes | str:
        """Raises PdfLate."""
        if not self.kept:
            one = self.estimate
            made_at = one.answered_at or one.sent_at or one.updated_at
            try:
                self.kept = _typeset(_data(one, self.by), int(made_at.timestamp()))
            except PdfEnded as late:
                self.late, self.rests_until = late.detail, monotonic() + _RESTS
                raise
            except PdfLate:
                raise
            except PdfFailed as refusal:
                self.kept = refusal.detail
        return self.kept

    def made_in_turn(self, patience: float) -> bytes | str:
        """The same, beside no other such, after so many seconds of waiting at most. Raises PdfLate.

        Of those who want it at once, one makes it, and all get it.
        """
        until = monotonic() + patience
        if not self.turn.acquire(timeout=patience):
            raise PdfLate(_BUSY)
        try:
            if self.kept:
                return self.kept
            if monotonic() < self.rests_until:
                raise PdfLate(self.late)
            with _alone(until):
                return self.made()
        finally:
            self.turn.release()


def _making(estimate: Estimate) -> _Making:
    return _latest(estimate, estimate.updated_at, brand(language=estimate.language))


@lru_cache(maxsize=8)
def _latest(estimate: Estimate, updated_at: datetime, by: Brand) -> _Making:
    """For the PDF of the estimate as it was at that time.

    Each process keeps the latest ones: a client who loads it again costs nothing.
    """
    return _Making(estimate, by)


def _bytes(made: bytes | str) -> bytes:
    if isinstance(made, str):
        raise PdfFailed(made)
    return made


def _data(estimate: Estimate, by: Brand) -> str:
    _refuse_longer(estimate.content)  # before the work of reading it
    _refuse_stacks(estimate, by)
    return _refuse_longer(json.dumps(_document(estimate, by), ensure_ascii=False))


def _refuse_stacks(estimate: Estimate, by: Brand) -> None:
    """Raises PdfFailed for what no font and no reader is made for, and names the field."""
    texts = [("The company's name in the settings of Estimates", by.company)]
    for name in _WRITTEN:
        field: Any = Estimate._meta.get_field(name)
        texts.append((str(field.verbose_name).capitalize(), getattr(estimate, name)))
    for place, line in enumerate(estimate.line_items.all(), start=1):
        texts.append((f"The description of line {place}", line.description))
    for label, text in texts:
        if longest_cluster(text) > _MOST_STACKED:
            raise PdfFailed(
                f"{label} has a letter with more than {_MOST_STACKED} accents, or as many emoji "
                "joined to one: shorten it, then a PDF can be made."
            )


def _refuse_longer(text: str) -> str:
    if len(text) > LARGEST_INPUT:
        raise PdfFailed("The estimate is too long for a PDF.")
    return text


def _typeset(data: str, made_at: int) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - a program of ours, and nothing of what anybody wrote
            [sys.executable, "-I", str(Path(typesetting.__file__)), str(made_at)],
            input=data.encode(),
            capture_output=True,
            # One thread, and none of the secrets that are in this process's own.
            env={"RAYON_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
            timeout=_PATIENCE,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise PdfEnded("The PDF takes too long at present. Try again later.") from error
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise PdfLate("The machine has no room to make a PDF just now. Try again later.") from error
    except subprocess.CalledProcessError as error:
        if error.returncode in _ENDED_BY_OTHERS:
            raise PdfEnded("The machine ended the PDF's making. Try again later.") from error
        raise PdfFailed("The estimate cannot be made into a PDF: it is too large.") from error
    if len(done.stdout) > LARGEST:
        raise PdfFailed("The PDF of the estimate would be too large.")
    return done.stdout


# --- What the template is given --------------------------------------------------------------


def _document(estimate: Estimate, by: Brand) -> dict[str, Any]:
    language, _, region = by.language.partition("-")
    return {
        "paper": PAPERS[by.paper],
        "language": language,
        "region": region if len(region) == 2 else "",
        "company": _piece(by.company),
        "logo": [*data_of(by.logo)] if by.logo else [],
        "accent": str(readable(Colour.of(by.accent), WHITE)) if by.accent else "",
        "title": _piece(estimate.title),
        "number": estimate.label,
        "note": _piece(_note(estimate)),
        "facts": [[name, _piece(value)] for name, value in _facts(estimate) if value],
        "scope": [_laid_out(node) for node in to_tree(estimate.content)],
        **_costs(estimate),
        "totals": [[name, breakable(value)] for name, value in totals(estimate)],
        "comment": [_piece(line) for line in estimate.answer_comment.splitlines()],
    }


def _facts(estimate: Estimate) -> list[tuple[str, str]]:
    names = (estimate.client_name, estimate.client_company)
    sent, until = estimate.sent_at, estimate.valid_until
    return [
        ("Estimate", estimate.label),
        ("Date", date_format(localtime(sent)) if sent else ""),
        ("Valid until", date_format(until) if until else ""),
        ("For", ", ".join(name for name in names if name)),
    ]


def _note(estimate: Estimate) -> str:
    """What somebody must know who finds it among others."""
    if estimate.is_superseded:
        return "A newer version replaces this estimate."
    if estimate.answered_at:
        on = date_format(localtime(estimate.answered_at), "DATETIME_FORMAT")
        return f"{estimate.current_status.label} by {estimate.answered_by} on {on}"
    return estimate.current_status.label if estimate.status in UNSENT else ""


def _costs(estimate: Estimate) -> dict[str, Any]:
    """What counts, and apart from it what the client may choose, or has not chosen."""
    is_open = not estimate.answered_at
    firm, apart = (_table(lines, estimate.currency) for lines in parted(estimate, is_open))
    heading = "Optional, not in the total" if is_open else "Not chosen"
    return {"costs": firm, "options": apart, "options_heading": heading}


def _table(lines: list[LineItem], currency: str) -> dict[str, Any]:
    """The lines. A column in which no line has anything is left out."""
    columns = {
        "Quantity": [number(one.quantity) for one in lines],
        "Unit price": [money(one.unit_price, currency) for one in lines],
        "Discount": [_percent(one.discount_percent) for one in lines],
        "Tax": [_percent(one.tax_percent) for one in lines],
        "Amount": [money(one.amounts.net, currency) for one in lines],
    }
    shown = {name: values for name, values in columns.items() if any(values)}
    rows = zip(*shown.values(), strict=True)
    return {
        "columns": ["Description", *shown],
        "lines": [
            [_piece(line.description), *map(breakable, row)]
            for line, row in zip(lines, rows, strict=True)
        ],
        "wide": any(len(value) > _WIDEST for values in shown.values() for value in values),
    }


def _percent(value: Any) -> str:
    return f"{number(value)} %" if value else ""


def _piece(text: str) -> dict[str, Any]:
    return {"text": breakable(text), "rtl": is_right_to_left(text)}


def _laid_out(node: dict[str, Any]) -> dict[str, Any]:
    """A node of the scope with its direction; a link that a PDF must not follow is its text."""
    nodes = [_laid_out(one) for one in node["nodes"]]
    shown = {**node, "nodes": nodes, "text": breakable(node.get("text", ""))}
    if node["kind"] == "inline":
        shown["rtl"] = is_right_to_left(_read(node))
    if node["kind"] == "link" and not _is_printed(node["href"]):
        shown["kind"] = "span"
    return shown


def _is_printed(href: str) -> bool:
    return href.startswith(_PRINTED_LINKS) and len(href) <= _LONGEST_LINK


def _read(node: dict[str, Any]) -> str:
    return str(node.get("text", "")) + "".join(map(_read, node["nodes"]))
