"""JavaScript verifies what a real site has sent, also while its secret is being replaced.

`python -m tests.contract.verifying`; `make contract` calls it.
"""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.contract.hooks import NODE, client_of, set_up_webhook
from tests.docs.live import served
from tests.environment import ROOT
from tests.integrations.receivers import Receiver, listening
from tests.waiting import becomes_true

HERE = Path(__file__).parent
WORKFLOW = ROOT / "docs/downloads/n8n-workflow.json"


def main() -> None:
    """Raises CalledProcessError for a delivery that is not verified, or one that should not be."""
    with tempfile.TemporaryDirectory() as temporary:
        sent = Path(temporary) / "sent.json"
        sent.write_text(json.dumps(_deliveries(Path(temporary) / "site")))
        command = [NODE / "tsx", HERE / "verify.mts", sent, WORKFLOW]
        subprocess.run(command, cwd=HERE, check=True)


def _deliveries(place: Path) -> list[dict[str, Any]]:
    """One before its secret was replaced, one while both hold, one after it was replaced twice."""
    with (
        listening() as receiver,
        served(place, ALLOWED_PRIVATE_ORIGINS=receiver.url) as site,
        client_of(site) as client,
    ):
        secrets = [set_up_webhook(client, receiver.url, "crm_system.*")]
        deliveries: list[dict[str, Any]] = []
        for signatures in (1, 2, 2):
            client.post("/crm-systems", json={"name": f"Zoë’s CRM {len(secrets)}"})
            deliveries.append(_newest(receiver, len(deliveries)))
            assert len(deliveries[-1]["headers"]["webhook-signature"].split()) == signatures
            deliveries[-1] |= {"secrets": secrets[-2:], "others": secrets[:-2]}
            secrets = [*secrets, client.post("/webhooks/1/rotate-secret").json()["signing_secret"]]
        return deliveries


def _newest(receiver: Receiver, known: int) -> dict[str, Any]:
    assert becomes_true(lambda: len(receiver.received) > known), "nothing was sent"
    got = receiver.received[-1]
    return {"headers": got.headers, "body": got.body.decode()}


if __name__ == "__main__":
    main()
