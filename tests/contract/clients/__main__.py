"""Generate a client with each generator, compile it strictly, and let it live at a real site.

`python -m tests.contract.clients`; `make contract` calls it. Nothing that is generated is patched.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tests.docs.live import Site, served

HERE = Path(__file__).parent
VENV = Path(sys.argv[1]).absolute() / "bin"
NODE = HERE.parent / "node_modules/.bin"
SOURCE = "./made/openapi.json"
OPENAPI_GENERATOR = [VENV / "openapi-generator-cli", "generate", "-i", SOURCE, "-g"]
GENERATORS = {
    "openapi-python-client": [
        Path(sys.executable).with_name("openapi-python-client"), "generate", "--meta", "none",
        "--path", SOURCE, "--output-path", "made/openapi_python_client_made",
    ],
    "openapi-generator, python": [
        *OPENAPI_GENERATOR, "python", "-o", "made",
        "-p", "packageName=openapi_generator_python_made",
    ],
    "openapi-generator, typescript-fetch": [
        *OPENAPI_GENERATOR, "typescript-fetch", "-o", "made/typescript_fetch",
    ],
    "openapi-typescript": [
        NODE / "openapi-typescript", SOURCE, "-o", "made/openapi_typescript.d.ts",
    ],
    "hey-api": [NODE / "openapi-ts", "-i", SOURCE, "-o", "made/hey_api"],
    "orval": [NODE / "orval", "--config", "./orval.config.cjs"],
}  # fmt: skip
LIVES = {
    "openapi_python_client.py": VENV / "python",
    "openapi_generator_python.py": VENV / "python",
    "typescript_fetch.ts": NODE / "tsx",
    "openapi_typescript.ts": NODE / "tsx",
    "hey_api.ts": NODE / "tsx",
    "orval.ts": NODE / "tsx",
}
# Java compiles what runs once as if it ran for hours, and more than doubles its work by that.
SHORT_LIVED = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
_UNWANTED = r"(?:class|interface|type) (\w*(?:InlineObject|Inner|OneOf|Type1|Response200)\w*)"


def main() -> None:
    """Raises SystemExit for a generator, a compiler or a life that fails."""
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary) / "clients"
        shutil.copytree(HERE, place)
        (place / "node_modules").symlink_to(HERE.parent / "node_modules")
        with served(Path(temporary) / "site") as site:
            generate(place, site)
            for name, program in LIVES.items():
                run(f"life of {name}", [program, name], place, SITE=site.url, KEY=site.key)


def generate(place: Path, site: Site) -> None:
    """Make every client of what the site says of itself, and compile those in TypeScript."""
    (place / "made").mkdir()
    urllib.request.urlretrieve(f"{site.url}/api/manage/v1/schema", place / SOURCE)
    for name, command in GENERATORS.items():
        run(name, command, place)
    run("tsc --strict", [NODE / "tsc", "--project", "."], place)
    files = [one for one in (place / "made").rglob("*") if one.suffix in (".py", ".ts")]
    unwanted = {name for one in files for name in re.findall(_UNWANTED, one.read_text())}
    if unwanted:
        raise SystemExit(f"Nobody would have chosen these names: {sorted(unwanted)}")


def run(name: str, command: Sequence[object], place: Path, **environment: str) -> None:
    """Run a command in `place`; what it printed is shown if it fails."""
    print(f"== {name}", flush=True)
    done = subprocess.run(
        [str(part) for part in command],
        cwd=place,
        env={**os.environ, **SHORT_LIVED, "PYTHONPATH": str(place / "made"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stdout[-4000:])


if __name__ == "__main__":
    main()
