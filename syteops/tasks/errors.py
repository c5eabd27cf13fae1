"""What goes wrong with tasks beside their own failures."""


class TaskAltered(Exception):
    """What the database has of a task is not what somebody asked for."""

    def __init__(self) -> None:
        super().__init__(
            "It was altered in the database, or asked for before an upgrade. Nothing was done: "
            "ask for it once more."
        )


class WorkerLost(Exception):
    """Whoever ran the task was killed, again and again. Tells how often."""

    def __init__(self, attempts: int) -> None:
        super().__init__(f"The worker ended {attempts} times in the middle of this task.")
