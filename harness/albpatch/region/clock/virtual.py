"""Virtual time: exactly one activity runs, and time jumps to the next wake-up."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from typing import Any

from albpatch.region.clock.interface import (
    CLOSE_SECONDS,
    DEFAULT_START,
    Activity,
    Clock,
    ClockEvent,
    Killed,
    NoProgress,
    become,
    current_activity,
)

SAME_INSTANT_LIMIT = 100_000


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
        become(activity)
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
            self._run_timer(item)
        self._main.release()

    def _run_timer(self, work: Callable[[], None]) -> None:
        """A timer is nobody's activity, whichever thread happens to run it."""
        me = current_activity()
        become(None)
        try:
            work()
        except BaseException as error:
            self._failure = self._failure or error
        finally:
            become(me)

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
