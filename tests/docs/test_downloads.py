"""What docs/automation.md offers for download is whole, and holds no key.

`python -m tests.contract.node_red` runs the flow in a real Node-RED.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.docs.pages import DOCS, linked

N8N = DOCS / "downloads/n8n-workflow.json"
NODE_RED = DOCS / "downloads/node-red-flow.json"
DOWNLOADS = sorted((DOCS / "downloads").iterdir())
# With Node-RED 4 itself.
BUILT_IN = {
    "catch", "comment", "debug", "function", "http in", "http request", "http response", "inject",
}  # fmt: skip
# Each looks like a secret that somebody forgot to take out.
SECRETS = re.compile(r"som_\w{8}|whsec_[A-Za-z0-9+/]{8}|[Bb]earer \w|\"credentials\"")

Graph = dict[str, set[str]]


def n8n_graph(workflow: Any) -> Graph:
    """The names of the nodes to which each leads."""
    graph: Graph = {one["name"]: set() for one in workflow["nodes"]}
    assert len(graph) == len(workflow["nodes"]), "two nodes have one name"
    for name, outputs in workflow["connections"].items():
        graph[name] |= {to["node"] for port in outputs["main"] for to in port}
    return graph


def node_red_graph(flow: Any) -> Graph:
    """The ids of the nodes to which each leads."""
    nodes = {one["id"]: one for one in flow if one["type"] != "tab"}
    assert len(nodes) == len(flow) - 1, "two nodes have one id"
    return {name: {to for port in one["wires"] for to in port} for name, one in nodes.items()}


def reached(graph: Graph, names: set[str]) -> Iterator[str]:
    """From those, with those."""
    seen: set[str] = set()
    while names:
        seen |= names
        names = {to for one in names for to in graph[one]} - seen
    yield from seen


@pytest.mark.parametrize("path", DOWNLOADS, ids=lambda path: path.name)
def test_it_is_offered_and_holds_no_secret(path: Any) -> None:
    assert path in {found for found, _ in linked("docs/automation.md")}
    assert not SECRETS.search(path.read_text(encoding="utf-8"))


def test_every_node_of_the_n8n_workflow_comes_with_n8n_and_is_reached() -> None:
    workflow = json.loads(N8N.read_text())
    kinds = {one["name"]: one["type"].removeprefix("n8n-nodes-base.") for one in workflow["nodes"]}
    triggers = {name for name, kind in kinds.items() if kind in ("webhook", "manualTrigger")}

    assert not [kind for kind in kinds.values() if "." in kind]
    assert all(
        {"id", "typeVersion", "position", "parameters"} <= set(one) for one in workflow["nodes"]
    )
    assert set(reached(n8n_graph(workflow), triggers)) == set(kinds)
    assert workflow["active"] is False


def test_every_way_through_the_n8n_workflow_from_the_webhook_answers() -> None:
    graph = n8n_graph(workflow := json.loads(N8N.read_text()))
    ends = {name for name in reached(graph, {"Webhook"}) if not graph[name]}
    kinds = {one["name"]: one["type"] for one in workflow["nodes"]}

    assert {kinds[one] for one in ends} == {"n8n-nodes-base.respondToWebhook"}


def test_what_fails_in_the_n8n_workflow_is_answered_with_an_error() -> None:
    """By itself n8n answers 200 then, which would end the event."""
    workflow = json.loads(N8N.read_text())
    nodes = {one["name"]: one for one in workflow["nodes"]}
    fallible = {
        name
        for name in reached(n8n_graph(workflow), {"Webhook"})
        if nodes[name]["type"].rpartition(".")[2] in ("code", "httpRequest")
    }

    assert len(fallible) == 5
    assert {nodes[name].get("onError") for name in fallible} == {"continueErrorOutput"}
    ends = {to["node"] for name in fallible for to in workflow["connections"][name]["main"][1]}
    codes = [nodes[one]["parameters"]["options"]["responseCode"] for one in ends]
    assert codes == [503]


def test_the_n8n_workflow_writes_as_carefully_as_the_page_says() -> None:
    nodes = {one["name"]: one["parameters"] for one in json.loads(N8N.read_text())["nodes"]}
    tried, done = nodes["Try it, as a dry run"], nodes["Write it"]
    names = [one["name"] for one in done["headerParameters"]["parameters"]]

    assert tried["url"] == f"{done['url']}?dry_run=true"
    assert {**tried, "url": done["url"]} == done
    assert names[0] == "Idempotency-Key"
    assert "If-Match" in names[1]
    assert nodes["Webhook"]["options"]["rawBody"] is True


def test_every_node_of_the_flow_comes_with_node_red_and_is_reached() -> None:
    flow = json.loads(NODE_RED.read_text())
    kinds = {one["id"]: one["type"] for one in flow if one["type"] != "tab"}
    starts = {name for name, kind in kinds.items() if kind in ("inject", "http in", "catch")}
    comments = {name for name, kind in kinds.items() if kind == "comment"}

    assert set(kinds.values()) <= BUILT_IN
    assert set(reached(node_red_graph(flow), starts)) == set(kinds) - comments
