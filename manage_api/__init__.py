"""The Manage API: a framework for safe operations, into which apps plug their `api.py`."""
