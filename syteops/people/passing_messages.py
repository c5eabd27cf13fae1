"""What a page has to say after it has led on, kept in a cookie; for strangers in nothing else."""

from typing import Any

from django.contrib.messages.storage.fallback import FallbackStorage

MOST = 3
"""Messages that are kept for somebody who is not signed in: the newest."""


class PassingMessages(FallbackStorage):
    """As Django's: in a cookie, and in the session what has no room there.

    For a stranger that would be a session of each call, which anybody could have made: of his
    messages the cookie holds the newest, and nothing is kept here.
    """

    def _store(self, messages: Any, response: Any, *args: Any) -> Any:
        if self.request.user.is_authenticated:
            return super()._store(messages, response, *args)  # type: ignore[misc]  # no stub has it
        self.storages[0]._store(list(messages)[-MOST:], response)
        return []
