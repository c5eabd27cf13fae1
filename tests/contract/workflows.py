"""Redocly `respect` runs every workflow of the Arazzo document against a real site.

`python -m tests.contract.workflows`; `make contract` calls it. The documents are read from the
site, and every answer is checked against the API description as well.
"""

import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from tests.docs.live import served

HERE = Path(__file__).parent
REDOCLY = HERE / "node_modules/.bin/redocly"


def main() -> None:
    """Raises SystemExit for a document that is wrong, or a step that fails."""
    with tempfile.TemporaryDirectory() as temporary, served(Path(temporary) / "site") as site:
        file = Path(temporary) / "workflows.json"
        urllib.request.urlretrieve(f"{site.url}/api/manage/v1/workflows", file)
        redocly("lint", file, "--config", HERE / "redocly.yaml")
        redocly("respect", file, "--input", f"key={site.key}", "--server", f"manage={site.url}")


def redocly(*arguments: object) -> None:
    print("== redocly", *arguments[:2], flush=True)
    environment = {**os.environ, "REDOCLY_TELEMETRY": "off"}
    done = subprocess.run([REDOCLY, *map(str, arguments)], env=environment, check=False)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
