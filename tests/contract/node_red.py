"""A real Node-RED runs the flow that docs/automation.md offers, unchanged, at a real site.

`python -m tests.contract.node_red`; `make contract` calls it.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from standardwebhooks import Webhook as Signer

from tests import web
from tests.contract.between import Between, between
from tests.contract.hooks import NODE, client_of, set_up_webhook
from tests.docs.live import served
from tests.environment import ROOT
from tests.processes import manage
from tests.servers import free_port
from tests.waiting import PATIENCE, becomes_true

FLOW = ROOT / "docs/downloads/node-red-flow.json"
LONG = 400.0
"""Seconds: a delivery that failed twice, on a busy machine, comes again in five minutes."""
SOURCE, TARGET = "syteops_user_owner_email", "invoice_reply_to"
_SETTINGS = """module.exports = {
  flowFile: "flow.json", uiHost: "127.0.0.1", uiPort: %d, httpAdminRoot: false,
  telemetry: { enabled: false }, credentialSecret: false,
};
"""


@dataclass
class Scene:
    """A site as its client sees it, and a Node-RED that gets its events at `url`, with its log.

    What Node-RED asks the site goes through `between`.
    """

    client: httpx.Client
    between: Between
    member: str
    url: str
    secret: str
    log: Path

    def move_owner(self, email: str) -> None:
        """Change what the flow follows."""
        self.client.patch(f"/team-members/{self.member}", json={"email": email})

    def copies(self) -> list[Any]:
        """Each value that was written back, and by whom, oldest first."""
        entries = self.client.get("/audit", params={"object": TARGET}).json()["entries"]
        return [
            (one["changes"]["value"]["after"], one["actor"]["label"].partition(" (")[0])
            for one in reversed(entries)
        ]

    def post(self, body: bytes, *, secret: str, sent: datetime | None = None) -> int:
        """The answer to an event that is signed with that secret, at that time."""
        sent = sent or datetime.now(UTC)
        headers = {
            "webhook-id": "evt_ours",
            "webhook-timestamp": str(int(sent.timestamp())),
            "webhook-signature": Signer(secret).sign("evt_ours", sent, body.decode()),
        }
        return web.post(self.url, content=body, headers=headers).status_code


def main() -> None:
    """Raises AssertionError where the flow does not keep what the page promises."""
    with tempfile.TemporaryDirectory() as temporary, playing(Path(temporary)) as scene:
        try:
            for part in (reads, refuses, follows, repeats_nothing, gives_way):
                part(scene)
                print(f"== Node-RED {part.__name__.replace('_', ' ')}", flush=True)
        except BaseException:
            print(scene.log.read_text(), *scene.between.passed, file=sys.stderr, sep="\n")
            for told in scene.client.get("/deliveries").json()["deliveries"]:
                print(scene.client.get(f"/deliveries/{told['id']}").json(), file=sys.stderr)
            raise


def reads(scene: Scene) -> None:
    """At its start."""
    assert becomes_true(lambda: "ada@example.com" in scene.log.read_text())


def refuses(scene: Scene) -> None:
    """What another secret signed, or ours ten minutes ago; and it answers what is no concern."""
    event = _event(SOURCE)
    old = datetime.now(UTC) - timedelta(minutes=10)
    assert scene.post(event, secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") == 401
    assert scene.post(event, secret=scene.secret, sent=old) == 401
    assert scene.post(_event("another"), secret=scene.secret) == 204
    assert scene.copies() == []


def follows(scene: Scene) -> None:
    """A change arrives, is verified, and comes back under the key of Node-RED: dry run first."""
    scene.move_owner("grace@example.com")
    assert becomes_true(scene.copies, LONG)
    assert scene.copies() == [("grace@example.com", "Node-RED")]
    assert becomes_true(lambda: scene.between.statuses() == [200, 200], LONG)
    tried, done = scene.between.writes()
    assert tried.path.endswith("?dry_run=true")
    assert done.headers["idempotency-key"].startswith("evt_")
    assert done.headers["if-none-match"] == "*"


def repeats_nothing(scene: Scene) -> None:
    """The same event once more changes nothing."""
    told = scene.client.get("/deliveries", params={"type": "variables.changed"}).json()
    address = f"/deliveries/{told['deliveries'][-1]['id']}"
    # What has arrived is noted a moment after it was answered.
    assert becomes_true(lambda: scene.client.get(address).json()["state"] == "delivered", LONG)
    scene.client.post(f"{address}/resend")
    assert becomes_true(lambda: len(scene.client.get(address).json()["tries"]) > 1, LONG)
    assert len(scene.copies()) == 1


def gives_way(scene: Scene) -> None:
    """Somebody is faster: nothing of his is overwritten unseen, and the event comes again."""
    theirs = {"value": "theirs@example.com"}
    scene.between.before_next_write = lambda: scene.client.put(f"/variables/{TARGET}", json=theirs)
    scene.move_owner("linus@example.com")
    assert becomes_true(lambda: len(scene.copies()) == 3, LONG)
    assert scene.copies()[1:] == [
        ("theirs@example.com", "Site key"),
        ("linus@example.com", "Node-RED"),
    ]
    assert becomes_true(lambda: scene.between.statuses()[-4:] == [200, 412, 200, 200])


def _event(*changed: str) -> bytes:
    data = {"variables": {"changed": changed, "removed": [], "full": False}}
    return json.dumps({"id": "evt_ours", "type": "variables.changed", "data": data}).encode()


@contextmanager
def playing(place: Path) -> Iterator[Scene]:
    """Site and Node-RED, set up as the page says, until the block is left."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    scopes = ("--scopes", "variables:read,variables:write", "--json")
    with (
        served(place / "site", ALLOWED_PRIVATE_ORIGINS=address) as site,
        client_of(site) as client,
        between(site.url) as middle,
    ):
        member = _owner(client)
        secret = set_up_webhook(client, f"{address}/syteops", "variables.changed")
        key = manage("manage_key", "create", "--name", "Node-RED", *scopes, data_dir=site.data_dir)
        variables = {
            "SYTEOPS_URL": middle.url,
            "SYTEOPS_KEY": json.loads(key.stdout)["key"],
            "SYTEOPS_WEBHOOK_SECRET": secret,
        }
        with node_red(place / "node-red", port, variables) as log:
            yield Scene(client, middle, member, f"{address}/syteops", secret, log)


def _owner(client: httpx.Client) -> str:
    """The number of a new one, told before anybody listens.

    An event that came before Node-RED answers would fail, and hold back each later one for minutes.
    """
    member = client.post("/team-members", json={"email": "ada@example.com"}).json()["user_num"]
    client.post("/roles/site_owner/assign", json={"user_num": member})
    client.post("/variables/resync")
    assert becomes_true(lambda: _has_told_all(client))
    return str(member)


def _has_told_all(client: httpx.Client) -> bool:
    events = client.get("/events", params={"type": "variables.changed"}).json()["events"]
    return any(one["data"]["variables"]["full"] for one in events)


@contextmanager
def node_red(directory: Path, port: int, variables: dict[str, str]) -> Iterator[Path]:
    """Node-RED with the flow and nothing else; its log. Returns once it answers."""
    directory.mkdir()
    (directory / "flow.json").write_bytes(FLOW.read_bytes())
    (directory / "settings.js").write_text(_SETTINGS % port)
    log = directory / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [NODE / "node-red", "--userDir", directory],
            env={**os.environ, **variables},
            stdout=output,
            stderr=output,
        )
        try:
            url = f"http://127.0.0.1:{port}/syteops"
            assert becomes_true(lambda: _answers(url), LONG), log.read_text()
            yield log
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _answers(url: str) -> bool:
    try:
        return web.post(url).status_code == 401
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    main()
