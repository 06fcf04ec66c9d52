"""The queue: whoever takes a task has it for a while."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """A ticket is to be reserved."""

    id: str
    event: str


class Queue:
    """Tasks and when each is visible again, in seconds of the queue's own clock."""

    def __init__(self, tasks: list[Task], *, visible_again_after: int) -> None:
        self.now = 0
        self._hidden_for = visible_again_after
        self._visible_at = dict.fromkeys(tasks, 0)

    def take(self) -> Task | None:
        """A task that is visible; it is hidden from the others for a while."""
        for task, visible_at in self._visible_at.items():
            if visible_at <= self.now:
                self._visible_at[task] = self.now + self._hidden_for
                return task
        return None

    def confirm(self, task: Task) -> None:
        """The task is done; nobody gets it again."""
        self._visible_at.pop(task, None)
