"""What the runs that need Node have in common: a site that posts its events somewhere."""

from pathlib import Path

import httpx

from tests import web
from tests.docs.live import Site

NODE = Path(__file__).parent / "node_modules/.bin"


def client_of(site: Site) -> httpx.Client:
    """A client with the site's key, for which every answer but a success is an error."""
    return web.client(
        base_url=f"{site.url}/api/manage/v1",
        headers={"X-API-Key": site.key},
        event_hooks={"response": [httpx.Response.raise_for_status]},
    )


def set_up_webhook(client: httpx.Client, url: str, *types: str) -> str:
    """Have those events posted there from now on; the secret that signs them."""
    made = client.post("/webhooks", json={"name": "Contract", "url": url, "types": types}).json()
    client.post("/integrations/webhooks/enable")
    client.get("/events", params={"wait": 30})  # publishing has begun
    return str(made["signing_secret"])
