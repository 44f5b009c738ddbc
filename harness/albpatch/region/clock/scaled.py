"""Scaled time: the same activities side by side, every wait divided by a factor."""

from __future__ import annotations

import heapq
import itertools
import threading
import time as wall
from collections.abc import Callable
from typing import Any

from albpatch.region.clock.interface import (
    CLOSE_SECONDS,
    DEFAULT_START,
    Activity,
    Clock,
    ClockEvent,
    Killed,
    become,
    current_activity,
)


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
        become(activity)
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
