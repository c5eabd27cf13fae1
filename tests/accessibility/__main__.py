"""pa11y over every page of the admin in both themes, and Lighthouse over three of them.

`python -m tests.accessibility`; `make accessibility` calls it.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.accessibility.site import SIGN_IN, demo_site

SCRIPT = Path(__file__).parent / "check.mjs"
MEASURED = ("/admin/", "/admin/team/teammember/", "/admin/notes/note/1/change/")
"""The start page, a list, a form."""


def main() -> int:
    """The exit status: 1 for a violation, or a score below its bound."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("Chromium is not installed.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as temporary, demo_site(Path(temporary)) as site:
        cookie = f"{SIGN_IN}={site.session}"
        command = ["node", str(SCRIPT), site.url, cookie, chromium, *MEASURED]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
