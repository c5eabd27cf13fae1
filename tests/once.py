"""What `.ci/run` tests in one of its two whole runs, and leaves out of the one on PostgreSQL.

Here stands what takes long and would find the same thing twice: what it looks at is decided neither
by the database nor by the version of Python or Django, and it writes through no service that other
tests do not call in both runs. Each entry says what it looks at. The tests are marked `once`, as
single tests of other files are; `-m "not once"` leaves them out, and neither `make test` nor
`make test-all` does. By the same measure a part of a test asks `leaves_once_out`.

It is no place for what races, locks, sorts, searches, migrates, restores or stores.
"""

from functools import cache
from pathlib import Path

import pytest

from tests.environment import ROOT

ONCE = {
    "adminkit/test_linear_forms.py": "how long it takes to look at long input",
    "adminkit/test_page_weights.py": "how long the pages of the admin are",
    "docs": "what the pages say, and that what they show works on one real site",
    "estimates/test_pdf.py": "how an estimate is set as a PDF",
    "estimates/test_pdf_making.py": "when the PDF of an estimate is made",
    "guides": "what the guides in the admin show of the docs",
    "keys/test_no_key_beyond_its_maker.py": "which rights a key may be given, and by whom",
    "lib/test_markdown.py": "how Markdown is read and shown",
    "manage_api/test_accept.py": "how a header of a request is read",
    "manage_api/test_compact_manifest.py": "how the declarations of the operations are written",
    "manage_api/test_disclosure.py": "which parts of an answer its caller may see",
    "manage_api/test_dry_run_addresses.py": "the second address of what the matrix tries",
    "manage_api/test_headers.py": "the headers of answers",
    "manage_api/test_linear_input.py": "how long it takes to look at long input",
    "manage_api/test_manifest.py": "that rights are told as they are decided",
    "manage_api/test_openapi.py": "how the API is described",
    "manage_api/test_openapi_components.py": "how the API is described",
    "manage_api/test_openapi_statuses.py": "how the API is described",
    "manage_api/test_prediction.py": "that rights are told as they are decided",
    "manage_api/test_refusal_floods.py": "how many refusals of one caller are kept",
    "manage_api/test_values_of_others.py": "which parts of an answer its caller may see",
    "server/test_slow_clients.py": "how requests come in at the server",
    "server/test_starting.py": "what is wrong around a site and not with its database",
    "server/test_sub_path.py": "the addresses that a site makes",
    "server/test_waiting.py": "how requests wait at the server",
    "server/test_workers.py": "how the processes of a server begin and end",
    "tasks/test_beside_a_server.py": "how the processes of a server begin and end",
    "tasks/test_slow_tasks.py": "which threads of a worker do what",
    "test_mutations.py": "what the files of the repository say",
    "test_patience.py": "what the files of the repository say",
    "test_requirements.py": "what the files of the repository say",
    "test_settings_docs.py": "what the files of the repository say",
    "test_shape.py": "what the files of the repository say",
    "transfer/test_hostile_files.py": "how long it takes to look at long input",
}
"""Folders and files of `tests`, and what they look at."""


@cache  # each test of a file asks
def is_once(path: Path) -> bool:
    """Whether what is at that path stands here."""
    return any(path.is_relative_to(ROOT / "tests" / one) for one in ONCE)


def leaves_once_out(config: pytest.Config) -> bool:
    """Whether this run leaves out what is tested once."""
    return bool(config.option.markexpr == "not once")
