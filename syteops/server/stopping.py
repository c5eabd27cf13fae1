"""Tells the workers that the server ends, at the moment that it is told itself.

Whoever waits for events would hold its worker up until that is killed. The server has the only end
of a pipe that can be written to: once that is closed, or the process is gone, the other end can be
read in every worker.
"""

import asyncio
import os

_pipe: tuple[int, int] | None = None


def prepare() -> None:
    """Open the pipe, before workers are forked."""
    global _pipe  # noqa: PLW0603 - there is one server in a process
    _pipe = os.pipe()
    os.register_at_fork(after_in_child=tell)


def tell() -> None:
    """Close this process's end. Any number of times."""
    global _pipe  # noqa: PLW0603 - as above
    if _pipe and _pipe[1] >= 0:
        os.close(_pipe[1])
        _pipe = _pipe[0], -1


def until_told() -> "asyncio.Future[None]":
    """A future of the running loop, done once the server ends; never where there is none."""
    loop = asyncio.get_running_loop()
    told = loop.create_future()
    if _pipe:
        loop.add_reader(_pipe[0], _settle, told, _pipe[0])
    return told


def _settle(told: "asyncio.Future[None]", file: int) -> None:
    told.get_loop().remove_reader(file)
    told.set_result(None)
