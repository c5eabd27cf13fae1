"""What goes wrong with tasks beside their own failures."""


class WorkerLost(Exception):
    """Whoever ran the task was killed, again and again. Tells how often."""

    def __init__(self, attempts: int) -> None:
        super().__init__(f"The worker ended {attempts} times in the middle of this task.")
