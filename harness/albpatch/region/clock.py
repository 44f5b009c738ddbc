"""Time in the local region: one interface, a virtual and a scaled implementation.

Every activity (an execution, a host, a window) is a thread that waits only through its clock. In virtual time exactly
one activity runs and time jumps to the next wake-up; the order of wake-ups is (time, sequence number), so a run repeats
exactly. In scaled time the same activities run side by side and every wait is divided by a factor.
"""

from __future__ import annotations

import abc
import heapq
import itertools
import threading
import time as wall
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

DEFAULT_START = 1_767_495_600.0  # 2026-01-04T03:00:00Z, a Sunday
SAME_INSTANT_LIMIT = 100_000
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


class _VirtualEvent(ClockEvent):
    def __init__(self, clock: VirtualClock) -> None:
        self._clock, self._set, self._waiting = clock, False, list[Activity]()

    def set(self) -> None:
        self._set = True
        waiting, self._waiting = self._waiting, []
        for activity in waiting:
            self._clock.wake(activity, self._clock.time())

    def is_set(self) -> bool:
        return self._set

    def wait(self, timeout: float | None = None) -> bool:
        if not self._set:
            me = self._clock.current()
            self._waiting.append(me)
            try:
                self._clock.wait_until(None if timeout is None else self._clock.time() + timeout)
            finally:
                if me in self._waiting:
                    self._waiting.remove(me)
        return self._set


class VirtualClock(Clock):
    """Exactly one activity runs; the rest wait on a heap of (wake-up time, sequence number)."""

    def __init__(self, start: float = DEFAULT_START) -> None:
        super().__init__()
        self._now = start
        self._queue: list[tuple[float, int, Activity | Callable[[], None]]] = []
        self._order = itertools.count()
        self._cancelled: set[int] = set()
        self._activities: set[Activity] = set()
        self._main = threading.Semaphore(0)
        self._until: Activity | None = None
        self._failure: BaseException | None = None
        self._closing = False
        self._same_instant = 0

    def time(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.current()
        self.wait_until(self._now + max(0.0, seconds))

    def wait_until(self, at: float | None) -> None:
        """Hand the baton on until `at` (None: until woken), a deadline or an interrupt."""
        me = self.current()
        moments = [d.at for d in me.deadlines] + ([] if at is None else [at])
        if me.pending is not None:
            moments.append(self._now)
        if moments:
            self.wake(me, min(moments))
        self._pass_on()
        me.gate.acquire()
        me.take_pending()
        me.check_deadlines(self._now)

    def spawn(
        self, name: str, work: Callable[..., Any], *args: Any, after: float = 0.0, daemon: bool = False
    ) -> Activity:
        activity = Activity(self, name, daemon)
        parent = current_activity()
        if parent is not None:
            activity.labels.update(parent.labels)
        self._activities.add(activity)
        activity.start(self._body, work, args)
        self.wake(activity, self._now + max(0.0, after))
        return activity

    def call_at(self, at: float, work: Callable[[], None]) -> Callable[[], None]:
        ticket = next(self._order)
        heapq.heappush(self._queue, (max(at, self._now), ticket, work))
        return lambda: self._cancelled.add(ticket)

    def event(self) -> ClockEvent:
        return _VirtualEvent(self)

    def interrupt(self, activity: Activity, error: BaseException) -> None:
        if activity.done:
            return
        activity.pending = error
        if activity is not current_activity():
            self.wake(activity, self._now)

    def run(self, until: Activity | None = None) -> None:
        if current_activity() is not None:
            raise RuntimeError("an activity cannot run its own clock")
        self._until = until
        self._pass_on()
        self._main.acquire()
        self._raise_failure()
        waiting = [a.name for a in self._activities if not a.daemon and not a.done]
        if waiting and not (until is not None and until.done):
            raise NoProgress(f"nothing can happen any more, but these still wait: {', '.join(sorted(waiting))}")

    def close(self) -> None:
        self._closing = True
        for activity in [a for a in self._activities if not a.done]:
            activity.pending = Killed()
            activity.gate.release()
            activity.join(CLOSE_SECONDS)
        self._queue.clear()

    def wake(self, activity: Activity, at: float) -> None:
        activity.ticket = next(self._order)
        heapq.heappush(self._queue, (at, activity.ticket, activity))

    def _body(self, activity: Activity, work: Callable[..., Any], args: tuple[Any, ...]) -> None:
        activity.gate.acquire()
        _here.activity = activity
        try:
            activity.take_pending()
            work(*args)
        except Killed:
            pass
        except BaseException as error:
            self._failure = self._failure or error
        finally:
            activity.done = True
            self._activities.discard(activity)
            activity.finished.set()
            if not self._closing:
                self._pass_on()

    def _pass_on(self) -> None:
        """Give the baton to whoever is next: a timer (run here), an activity, or `run`."""
        while not self._stop_here():
            at, ticket, item = heapq.heappop(self._queue)
            if isinstance(item, Activity):
                if ticket != item.ticket or item.done:
                    continue  # it was woken earlier, by an event or an interrupt
                item.ticket = None
                self._advance(at)
                item.gate.release()
                return
            if ticket in self._cancelled:
                self._cancelled.discard(ticket)
                continue
            self._advance(at)
            try:
                item()
            except BaseException as error:
                self._failure = self._failure or error
        self._main.release()

    def _stop_here(self) -> bool:
        if self._failure is not None or not self._queue:
            return True
        if self._until is not None:
            return self._until.done
        return not any(not a.daemon for a in self._activities)

    def _advance(self, at: float) -> None:
        if at > self._now:
            self._now, self._same_instant = at, 0
            return
        self._same_instant += 1
        if self._same_instant > SAME_INSTANT_LIMIT:
            raise NoProgress(f"{SAME_INSTANT_LIMIT} wake-ups at the same instant: an activity loops without waiting")

    def _raise_failure(self) -> None:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure


class _ScaledEvent(ClockEvent):
    def __init__(self, clock: ScaledClock) -> None:
        self._clock, self._set, self._waiting = clock, False, set[Activity]()
        self._guard = threading.Lock()

    def set(self) -> None:
        with self._guard:
            self._set = True
            waiting, self._waiting = self._waiting, set()
        for activity in waiting:
            activity.gate.release()

    def is_set(self) -> bool:
        return self._set

    def wait(self, timeout: float | None = None) -> bool:
        until = None if timeout is None else self._clock.time() + timeout
        me = self._clock.current()
        while not self._set and (until is None or self._clock.time() < until):
            with self._guard:
                if not self._set:
                    self._waiting.add(me)
            self._clock.wait_until(until, stop=self.is_set)
        return self._set


class ScaledClock(Clock):
    """The same activities side by side, every wait divided by `factor`."""

    def __init__(self, factor: float, start: float = DEFAULT_START) -> None:
        super().__init__()
        if factor <= 0:
            raise ValueError("the factor of scaled time must be above 0")
        self.factor, self._start, self._origin = factor, start, wall.monotonic()
        self._activities: set[Activity] = set()
        self._failure: BaseException | None = None
        self._changed = threading.Condition()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._cancelled: set[int] = set()
        self._order = itertools.count()
        self._closing = False
        self._timer_thread = threading.Thread(target=self._run_timers, name="timers", daemon=True)
        self._timer_thread.start()

    def time(self) -> float:
        return self._start + (wall.monotonic() - self._origin) * self.factor

    def sleep(self, seconds: float) -> None:
        self.current()
        self.wait_until(self.time() + max(0.0, seconds))

    def wait_until(self, at: float | None, stop: Callable[[], bool] = lambda: False) -> None:
        me = self.current()
        while True:
            me.take_pending()
            me.check_deadlines(self.time())
            moments = [d.at for d in me.deadlines] + ([] if at is None else [at])
            left = (min(moments) - self.time()) / self.factor if moments else None
            if stop() or (at is not None and self.time() >= at):
                return
            me.gate.acquire(timeout=left if left is None else max(0.0, left))

    def spawn(
        self, name: str, work: Callable[..., Any], *args: Any, after: float = 0.0, daemon: bool = False
    ) -> Activity:
        activity = Activity(self, name, daemon)
        parent = current_activity()
        if parent is not None:
            activity.labels.update(parent.labels)
        with self._changed:
            self._activities.add(activity)
        activity.start(self._body, work, args, after)
        return activity

    def call_at(self, at: float, work: Callable[[], None]) -> Callable[[], None]:
        with self._changed:
            ticket = next(self._order)
            heapq.heappush(self._timers, (at, ticket, work))
            self._changed.notify_all()
        return lambda: self._cancelled.add(ticket)

    def event(self) -> ClockEvent:
        return _ScaledEvent(self)

    def interrupt(self, activity: Activity, error: BaseException) -> None:
        if not activity.done:
            activity.pending = error
            activity.gate.release()

    def run(self, until: Activity | None = None) -> None:
        with self._changed:
            while self._failure is None and not self._finished(until):
                self._changed.wait(timeout=0.2)
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def close(self) -> None:
        with self._changed:
            self._closing = True
            activities = list(self._activities)
            self._changed.notify_all()
        for activity in activities:
            self.kill(activity)
        for activity in activities:
            activity.join(CLOSE_SECONDS)
        self._timer_thread.join(CLOSE_SECONDS)

    def _finished(self, until: Activity | None) -> bool:
        return until.done if until is not None else not any(not a.daemon for a in self._activities)

    def _body(self, activity: Activity, work: Callable[..., Any], args: tuple[Any, ...], after: float) -> None:
        _here.activity = activity
        try:
            self.sleep(after)
            work(*args)
        except Killed:
            pass
        except BaseException as error:
            self._fail(error)
        finally:
            activity.done = True
            activity.finished.set()
            with self._changed:
                self._activities.discard(activity)
                self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failure = self._failure or error
            self._changed.notify_all()

    def _run_timers(self) -> None:
        while True:
            with self._changed:
                if self._closing:
                    return
                now = self.time()
                if not self._timers or self._timers[0][0] > now:
                    left = (self._timers[0][0] - now) / self.factor if self._timers else 0.2
                    self._changed.wait(timeout=min(left, 0.2))
                    continue
                _, ticket, work = heapq.heappop(self._timers)
            if ticket in self._cancelled:
                self._cancelled.discard(ticket)
                continue
            try:
                with self.lock:
                    work()
            except BaseException as error:
                self._fail(error)
