"""What an app has done once an hour: a function in its `hourly.py`, marked `@hourly("its_name")`.

The work of a module is not done while the module is switched off.
"""

from collections.abc import Callable

from syteops.core.actors import Actor
from syteops.core.modules import inactive_modules, module_of

HourlyTask = Callable[[Actor], object]
_tasks: dict[str, HourlyTask] = {}


def hourly(name: str) -> Callable[[HourlyTask], HourlyTask]:
    """Have the function done once an hour by one of the site's workers, as that task.

    What it raises is logged, and shown to the admins until the next time that it works.
    """

    def enter(task: HourlyTask) -> HourlyTask:
        _tasks[name] = task
        return task

    return enter


def hourly_tasks() -> dict[str, HourlyTask]:
    """The tasks of all apps that are not switched off, by name."""
    away = inactive_modules()
    return {name: one for name, one in _tasks.items() if module_of(one.__module__) not in away}
