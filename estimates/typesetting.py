"""Typesets a document, as a program of its own: the text comes from people, and may be hostile.

Whatever a document takes, or breaks, it takes and breaks here: this process has bounds, and nothing
of the site's. It is run by `estimates.pdf`; the data comes in as JSON, the PDF goes out.
"""

import resource
import sys
from pathlib import Path

MEMORY = 2 * 1024**3
SECONDS = 20

TEMPLATE = Path(__file__).with_name("typst") / "estimate.typ"


def _typeset(data: str, timestamp: int) -> bytes:
    import typst  # within the bounds

    compiler = typst.Compiler(
        TEMPLATE, root=TEMPLATE.parent, font_paths=[TEMPLATE.parent / "fonts"]
    )
    made = compiler.compile(format="pdf", sys_inputs={"data": data}, timestamp=timestamp)
    assert isinstance(made, bytes)
    return made


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it would hold what people wrote
    # It ends by SIGXCPU: who is killed was killed by others.
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    sys.stdout.buffer.write(_typeset(sys.stdin.buffer.read().decode(), int(sys.argv[1])))
