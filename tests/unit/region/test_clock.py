"""Time: one interface, two implementations."""

import threading
import time as wall

import pytest

from albpatch.region.clock import Clock, Deadline, Expired, Killed, NoProgress, ScaledClock, VirtualClock


@pytest.fixture(params=["virtual", "scaled"])
def clock(request):
    made: Clock = VirtualClock(0.0) if request.param == "virtual" else ScaledClock(1000.0, 0.0)
    yield made
    made.close()


def test_activities_wake_in_order_of_time(clock):
    """Who sleeps shorter wakes first, whoever was started first."""
    seen = []

    def work(name, seconds):
        clock.sleep(seconds)
        seen.append(name)

    clock.spawn("late", work, "late", 200)
    clock.spawn("early", work, "early", 50)
    clock.run()

    assert seen == ["early", "late"]


def test_virtual_time_jumps():
    """An hour of virtual time passes without an hour of waiting, and ends exactly."""
    clock = VirtualClock(100.0)
    clock.spawn("hour", clock.sleep, 3600)
    before = wall.monotonic()
    clock.run()

    assert clock.time() == 3700.0
    assert wall.monotonic() - before < 60


def test_virtual_time_repeats_exactly():
    """Two runs of the same activities give the same trace."""

    def trace():
        clock, seen = VirtualClock(0.0), []

        def work(name):
            for n in range(20):
                clock.sleep((n * 7 + len(name)) % 5)
                seen.append((clock.time(), name))

        for name in ("a", "bb", "ccc"):
            clock.spawn(name, work, name)
        clock.run()
        return seen

    assert trace() == trace()


def test_deadline_raises_in_the_wait_that_passes_it(clock):
    """A wait that passes a deadline ends at the deadline with Expired."""
    seen = []

    def work():
        try:
            with clock.deadline(10) as mine:
                clock.sleep(1000)
        except Expired as error:
            seen.append((error.deadline is mine, clock.time()))

    clock.spawn("work", work)
    clock.run()

    [(own, at)] = seen
    assert own
    assert 10 <= at < 500


def test_nested_deadlines_name_the_one_that_passed(clock):
    """With two deadlines the earlier one is reported, wherever it stands."""
    seen: list[Deadline] = []

    def work():
        with clock.deadline(50) as outer:
            try:
                with clock.deadline(5000):
                    clock.sleep(9000)
            except Expired as error:
                seen.append(error.deadline)
                seen.append(outer)

    clock.spawn("work", work)
    clock.run()

    assert seen[0] is seen[1]


def test_kill_ends_a_waiting_activity(clock):
    """A killed activity ends at its wait, even where its code catches Exception."""
    seen = []

    def work():
        try:
            clock.sleep(100_000)
        except Exception:
            seen.append("swallowed")
        except Killed:
            seen.append("killed")
            raise

    victim = clock.spawn("victim", work)
    clock.spawn("killer", clock.kill, victim, after=20)
    clock.run()

    assert seen == ["killed"]
    assert clock.time() < 90_000


def test_interrupt_raises_once(clock):
    """An interrupt is raised in the present wait, and later waits go on."""
    seen = []

    def work():
        try:
            clock.sleep(5000)
        except KeyError:
            seen.append("interrupted")
        clock.sleep(30)
        seen.append("went on")

    target = clock.spawn("work", work)
    clock.spawn("other", clock.interrupt, target, KeyError("stop"), after=10)
    clock.run()

    assert seen == ["interrupted", "went on"]


def test_event_wakes_its_waiters(clock):
    """Who waits for an event goes on when it is set, and a wait that times out says so."""
    event, seen = clock.event(), []

    def wait(timeout):
        seen.append((event.wait(timeout), timeout))

    clock.spawn("patient", wait, 100_000)
    clock.spawn("hasty", wait, 10)
    clock.spawn("setter", event.set, after=400)
    clock.run()

    assert seen == [(False, 10), (True, 100_000)]


def test_call_at_runs_and_can_be_cancelled(clock):
    """A timer runs at its time unless it was cancelled."""
    seen = []
    clock.call_at(20.0, lambda: seen.append("kept"))
    cancel = clock.call_at(30.0, lambda: seen.append("cancelled"))
    cancel()
    clock.spawn("wait", clock.sleep, 100)
    clock.run()

    assert seen == ["kept"]


def test_run_stops_at_the_given_activity(clock):
    """`run(until)` returns when that activity is done, while others still wait."""
    long = clock.spawn("long", clock.sleep, 50_000)
    short = clock.spawn("short", clock.sleep, 10)
    clock.run(short)

    assert short.done
    assert not long.done


def test_daemons_do_not_keep_run_going(clock):
    """A daemon that never ends does not hold up `run`."""

    def forever():
        while True:
            clock.sleep(1)

    clock.spawn("daemon", forever, daemon=True)
    clock.spawn("work", clock.sleep, 20)
    clock.run()

    assert clock.time() >= 20


def test_error_of_an_activity_reaches_run(clock):
    """What an activity does not handle is raised by `run`."""

    def work():
        clock.sleep(1)
        raise LookupError("broken")

    clock.spawn("work", work)

    with pytest.raises(LookupError, match="broken"):
        clock.run()


def test_close_leaves_no_thread(clock):
    """After close no activity's thread is alive."""
    clock.spawn("stays-a", clock.sleep, 1e9)
    clock.spawn("stays-b", clock.event().wait)
    clock.run(clock.spawn("short", clock.sleep, 1))
    clock.close()

    assert not {t.name for t in threading.enumerate()} & {"stays-a", "stays-b", "timers"}


def test_endless_loop_at_one_instant_is_an_error():
    """An activity that wakes for ever without time passing is reported, not waited for."""
    clock = VirtualClock(0.0)

    def spin():
        while True:
            clock.sleep(0)

    clock.spawn("spin", spin)

    with pytest.raises(NoProgress, match="same instant"):
        clock.run()
    clock.close()


def test_wait_for_what_cannot_happen_is_an_error():
    """When every activity waits for an event that nobody can set, `run` names them."""
    clock = VirtualClock(0.0)
    clock.spawn("stuck", clock.event().wait)

    with pytest.raises(NoProgress, match="stuck"):
        clock.run()
    clock.close()


def test_outsiders_cannot_sleep():
    """Only an activity of the clock may wait through it."""
    with pytest.raises(RuntimeError, match="only an activity"):
        VirtualClock(0.0).sleep(1)


def test_scaled_factor_must_be_positive():
    """A factor of zero or less is refused."""
    with pytest.raises(ValueError, match="factor"):
        ScaledClock(0.0)


def test_a_timer_interrupts_the_activity_whose_thread_runs_it():
    """A timer is nobody's activity: what it interrupts wakes at the timer's time, not at the end of its wait."""
    clock, seen = VirtualClock(0.0), []

    def work():
        try:
            clock.sleep(600)
        except KeyError:
            seen.append(clock.time())

    alone = clock.spawn("alone", work)
    clock.call_at(100, lambda: clock.interrupt(alone, KeyError("stop")))
    clock.run()

    assert seen == [100]
