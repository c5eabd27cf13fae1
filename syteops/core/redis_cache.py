"""The cache in Redis or Valkey: as Django's, with counters that take one round trip.

Django makes a client for each call, and with it a table of what to do with each of two hundred
commands' answers. To count, it asks three times: to make the counter, whether there is one, and to
count.
"""

from typing import Any

from django.core.cache.backends import redis
from redis import ReadOnlyError, RedisError


class Numbers:
    """All that is kept there. What is none Django would unpickle, and so run whatever somebody put
    there who shares that Redis.
    """

    def dumps(self, number: int) -> int:
        """As it is."""
        return int(number)

    def loads(self, kept: bytes) -> int:
        """The number. Raises RedisError for anything else."""
        try:
            return int(kept)
        except ValueError:
            raise RedisError("What is kept under one of our names is no number.") from None


class _Client(redis.RedisCacheClient):
    """Keeps its client, which each of its threads may use: every call takes a connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "serializer": Numbers()})
        self._kept: dict[bool, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        if write not in self._kept:
            self._kept[write] = super().get_client(key, write=write)
        return self._kept[write]

    def count(self, key: str, amount: int, timeout: int) -> int:
        client = self.get_client(key, write=True)
        try:
            with client.pipeline() as both:
                both.set(key, 0, ex=timeout, nx=True)
                both.incrby(key, amount)
                return int(both.execute()[1])
        except ReadOnlyError:  # another one has taken its place by now, and its name
            client.connection_pool.disconnect()
            raise


class RedisCache(redis.RedisCache):
    """Raises redis.exceptions.RedisError while Redis is away or takes nothing."""

    _cache: _Client

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client

    def count(self, key: str, amount: int, timeout: int) -> int:
        """Add to the number under that key; what it is now. It lapses so many seconds after the
        first.
        """
        return self._cache.count(self.make_and_validate_key(key), amount, timeout)
