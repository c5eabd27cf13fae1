"""A person who manages the keys of a running site, with commands and in a browser."""

import json
import re
import time
from typing import Any

import httpx

from tests import web
from tests.concurrency.live import LiveSite

_NAME, _PASSWORD = "carol", "correct horse battery staple"
_SIGN_UP = f"""
from django.contrib.auth.models import User
User.objects.create_superuser("{_NAME}", password="{_PASSWORD}")
"""
_KEY = re.compile(r'value="(som_\w+)"')
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


class Administrator:
    """Carol. Whatever she does is done beside the servers, or over HTTP like anybody's."""

    def __init__(self, site: LiveSite) -> None:
        self.site = site
        site.manage("shell", "-v", "0", "-c", _SIGN_UP)
        address = f"http://127.0.0.1:{site.servers[0].port}"
        self._browser = web.client(base_url=address)
        signed_in = self._submit("/admin/login/", username=_NAME, password=_PASSWORD)
        assert signed_in.status_code == 302, signed_in.text

    def manage_key(self, *arguments: str) -> tuple[dict[str, Any], float]:
        """What `manage.py manage_key … --json` prints, and the moment when it was printed."""
        printed = self.site.manage("manage_key", *arguments, "--json")
        return json.loads(printed), time.monotonic()

    def press(self, public_id: str, button: str, **fields: str) -> tuple[str, float]:
        """The new key that the page shows after a button ("" for none), and when it was there."""
        answer = self._submit(f"/admin/keys/managekey/{public_id}/{button}/", **fields)
        answered_at = time.monotonic()
        assert answer.status_code in (200, 302), answer.text
        shown = _KEY.search(answer.text)
        return (shown[1] if shown else ""), answered_at

    def _submit(self, path: str, **fields: str) -> httpx.Response:
        token = _TOKEN.search(self._browser.get(path).text)
        assert token is not None
        return self._browser.post(path, data={**fields, "csrfmiddlewaretoken": token[1]})
