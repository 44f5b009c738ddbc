"""What an activity, a deadline, an event and a clock are."""

from __future__ import annotations

import abc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

DEFAULT_START = 1_767_495_600.0  # 2026-01-04T03:00:00Z, a Sunday
CLOSE_SECONDS = 5.0


class Killed(BaseException):
    """The activity was ended from outside. No handler of a script may swallow it."""


class Expired(BaseException):
    """A deadline of the activity passed while it waited. `deadline` is the one that did."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__(f"deadline of {deadline.seconds:g} s passed")
        self.deadline = deadline


class NoProgress(RuntimeError):
    """Activities woke up again and again at the same instant, or all of them wait for something that cannot happen."""


class Deadline:
    """A point in the region's time after which a wait inside the `with` block raises `Expired`."""

    def __init__(self, at: float, seconds: float) -> None:
        self.at, self.seconds = at, seconds


class Activity:
    """One thread of the region. `labels` say what it works for (for example {"execution": id})."""

    def __init__(self, clock: Clock, name: str, daemon: bool) -> None:
        self.clock, self.name, self.daemon = clock, name, daemon
        self.labels: dict[str, str] = {}
        self.deadlines: list[Deadline] = []
        self.pending: BaseException | None = None
        self.done = False
        self.finished = clock.event()
        self.gate = threading.Semaphore(0)
        self.ticket: int | None = None
        self.thread: threading.Thread | None = None

    def start(self, body: Callable[..., None], *args: Any) -> None:
        self.thread = threading.Thread(target=body, args=(self, *args), name=self.name, daemon=True)
        self.thread.start()

    def join(self, seconds: float) -> None:
        """Wait (in real seconds) until the thread is over."""
        if self.thread is not None and self.thread is not threading.current_thread():
            self.thread.join(seconds)

    def take_pending(self) -> None:
        """Raise what `Clock.interrupt` left. A kill stays in force, anything else is raised once."""
        if self.pending is not None:
            error = self.pending
            if not isinstance(error, Killed):
                self.pending = None
            raise error

    def check_deadlines(self, now: float) -> None:
        passed = [d for d in self.deadlines if now >= d.at]
        if passed:
            raise Expired(min(passed, key=lambda d: d.at))


class ClockEvent(abc.ABC):
    """Like threading.Event, in the clock's time."""

    @abc.abstractmethod
    def set(self) -> None: ...

    @abc.abstractmethod
    def is_set(self) -> bool: ...

    @abc.abstractmethod
    def wait(self, timeout: float | None = None) -> bool:
        """Wait (in seconds of the region's time) until set; tell whether it is."""


_here = threading.local()


def become(activity: Activity | None) -> None:
    """Make the running thread this activity."""
    _here.activity = activity


def current_activity() -> Activity | None:
    """The activity that this thread is, or None outside the region (a test, the command line)."""
    return getattr(_here, "activity", None)


class Clock(abc.ABC):
    """What activities and services need of time. Seconds are the region's, `time()` counts from the epoch."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # held during one AWS operation; in virtual time it is never contended

    @abc.abstractmethod
    def time(self) -> float: ...

    @abc.abstractmethod
    def sleep(self, seconds: float) -> None:
        """Wait; raises `Expired` at a deadline and whatever `interrupt` asked for."""

    @abc.abstractmethod
    def spawn(
        self, name: str, work: Callable[..., Any], *args: Any, after: float = 0.0, daemon: bool = False
    ) -> Activity:
        """Start an activity. A daemon does not keep `run` from ending."""

    @abc.abstractmethod
    def call_at(self, at: float, work: Callable[[], None]) -> Callable[[], None]:
        """Run `work` at that time. It must not wait. Returns a function that cancels it."""

    @abc.abstractmethod
    def event(self) -> ClockEvent: ...

    @abc.abstractmethod
    def interrupt(self, activity: Activity, error: BaseException) -> None:
        """Raise `error` in the activity at its present or next wait."""

    @abc.abstractmethod
    def run(self, until: Activity | None = None) -> None:
        """From outside the region: let time pass until `until`, or every activity that is no daemon, is done.

        Raises the first error that an activity did not handle.
        """

    @abc.abstractmethod
    def close(self) -> None:
        """End every activity. Nothing of the region runs afterwards."""

    def kill(self, activity: Activity) -> None:
        """End the activity at its present or next wait."""
        self.interrupt(activity, Killed())

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[Deadline]:
        """Inside the block a wait of this activity that passes the deadline raises `Expired(deadline)`."""
        activity = self.current()
        mine = Deadline(self.time() + seconds, seconds)
        activity.deadlines.append(mine)
        try:
            yield mine
        finally:
            activity.deadlines.remove(mine)

    def current(self) -> Activity:
        activity = current_activity()
        if activity is None or activity.clock is not self:
            raise RuntimeError("only an activity of this clock can wait: use Clock.spawn and Clock.run")
        return activity
