"""What needs Node and a site that is running, part by part: the sites are copies of one.

`python -m tests.contract VENV`, with the environment of the clients in Python; `make contract`
calls it. Each part can also be run by itself: see there.
"""

from tests.contract import node_red, verifying, workflows
from tests.contract.clients import __main__ as clients

if __name__ == "__main__":
    for part in (clients, workflows, verifying, node_red):
        part.main()
