"""`python -m tests.docs.screenshots`: the pictures in docs/images, of a site with demo content.

`make screenshots` calls it. Each picture is of one page, for somebody who may see everything.
"""

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.accessibility.site import SIGN_IN, demo_site
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.environment import ROOT

IMAGES = ROOT / "docs/images"
WIDTH, HEIGHT, QUALITY = 1280, 800, 80
PICTURES = {
    "start": "/admin/",
    "team": "/admin/team/teammember/",
    "member": "/admin/team/teammember/1/change/",
    "role": "/admin/roles/role/1/change/",
    "rights": "/admin/auth/group/add/",
    "note": "/admin/notes/note/1/change/",
    "agenda": "/admin/notes/note/agenda/",
    "estimate": "/admin/estimates/estimate/1/change/",
    "variables": "/admin/automation/variable/catalogue/",
    "key": "/admin/keys/managekey/",
    "integrations": "/admin/integrations/integrationstate/",
    "audit": "/admin/audit/auditentry/",
}
"""By the name of the file, the page."""


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as temporary,
        demo_site(Path(temporary)) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(base_url=site.url, viewport={"width": WIDTH, "height": HEIGHT})
        page.context.add_cookies([{"name": SIGN_IN, "value": site.session, "url": site.url}])
        for name, path in PICTURES.items():
            print(name, _take(page, name, path), "bytes", flush=True)
        browser.close()


def _take(page: Page, name: str, path: str) -> int:
    answer: Any = page.goto(path)
    if not answer.ok:
        sys.exit(f"{path}: {answer.status}")
    page.evaluate("document.fonts.ready.then(() => true)")
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    file = IMAGES / f"{name}.webp"
    picture.save(file, quality=QUALITY, method=6)
    return file.stat().st_size


if __name__ == "__main__":
    main()
