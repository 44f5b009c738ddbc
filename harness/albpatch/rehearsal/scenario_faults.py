"""What goes wrong in a scenario: failing calls, lost events, and what somebody or fate does."""

from __future__ import annotations

from dataclasses import dataclass

from albpatch.region.faults import CallFault, EventFault
from albpatch.rehearsal.reader import Place

HANDS = ("deregister", "register")
ACTS = ("cancel", "kill", "sicken", "recover", "stop", "crash", *HANDS)
ALARM_ACTS = {"alarm": "ALARM", "quiet": "OK", "unsure": "INSUFFICIENT_DATA"}
CALENDAR_ACTS = {"freeze": "CLOSED", "thaw": "OPEN"}
FOREVER = "for ever"


@dataclass(frozen=True)
class Trigger:
    """When something goes wrong: `after` seconds from the night's start, or from something a machine's night comes to.

    That is a host state, a step, or (within the step, if one is given) call number `number` of `call`: before it is
    carried out, or after it.
    """

    after: float = 0.0
    step: str | None = None
    host: str | None = None
    call: tuple[str, str] | None = None
    number: int = 1
    carried_out: bool = False


@dataclass(frozen=True)
class Interference:
    """What somebody or fate does during the night.

    It cancels or kills a machine's execution, or sickens, heals, stops or crashes a machine, or takes it out of its
    target groups or puts it in by hand: `machine`, or the one that is named by `other` when something happens in the
    night of `machine`. Or an alarm or a change calendar changes its state; without a machine such a moment counts from
    the night's start.
    """

    act: str
    machine: str
    when: Trigger
    other: str | None = None
    alarm: str = ""
    calendar: str = ""


def call_fault(place: Place) -> CallFault:
    """A failing call of the file. Raises InputError."""
    known = ("call", "code", "message", "status", "first", "times", "where")
    place.mapping(*known, "step", "machine", "carried_out", "seconds", required=("call",))
    service, operation = _call(place.at("call"))
    times, code, seconds = place.at("times"), place.at("code"), place.at("seconds").number(0, 86_400, 0.0)
    if code.value is None and not seconds:
        raise place.wrong("takes a code, or the seconds until the answer")
    labels = {"step": place.at("step"), "targets": place.at("machine")}
    return CallFault(
        service,
        operation,
        None if code.value is None else code.text(),
        message=place.at("message").text("Rate exceeded"),
        status=place.at("status").whole(400, 599, 400),
        first=place.at("first").whole(1, 100_000, 1),
        times=None if times.value == FOREVER else times.whole(1, 100_000, 1),
        where=dict(place.at("where").mapping().value) if place.at("where").value is not None else {},
        labels={name: at.text() for name, at in labels.items() if at.value is not None},
        carried_out=place.at("carried_out").truth(False),
        seconds=seconds,
    )


def event_fault(place: Place) -> EventFault:
    """An event of the file that is lost. Raises InputError."""
    place.mapping("lose", "detail", "first", "times", required=("lose",))
    times = place.at("times")
    return EventFault(
        place.at("lose").text(),
        detail=dict(place.at("detail").mapping().value) if place.at("detail").value is not None else {},
        first=place.at("first").whole(1, 100_000, 1),
        times=None if times.value == FOREVER else times.whole(1, 100_000, 1),
    )


def _call(place: Place) -> tuple[str, str]:
    service, _, operation = place.text().partition(".")
    if not service or not operation.isalnum():
        raise place.wrong(f"must be service.Operation, for example elbv2.DeregisterTargets, not {place.value!r}")
    return service, operation


def interference(place: Place) -> Interference:
    """An act of the file. Raises InputError."""
    place.mapping("act", "machine", "other", "alarm", "calendar", "when", required=("act", "when"))
    act = place.at("act").one_of((*ACTS, *ALARM_ACTS, *CALENDAR_ACTS))
    whose = "machine" if act in ACTS else "alarm" if act in ALARM_ACTS else "calendar"
    more = ("other",) if act in ACTS else (whose,)
    place.mapping("act", "machine", *more, "when", required=(whose,))
    when = _trigger(place.at("when").mapping("after", "step", "host", "call", "number", "carried_out"))
    if "machine" not in place.value and when != Trigger(after=when.after):
        raise place.at("when").wrong("names what a machine comes to, so machine must say which")
    other = place.at("other")
    return Interference(
        act=act,
        machine=place.at("machine").text() if "machine" in place.value else "",
        when=when,
        other=None if other.value is None else other.text(),
        alarm=place.at("alarm").text() if whose == "alarm" else "",
        calendar=place.at("calendar").text() if whose == "calendar" else "",
    )


def _trigger(when: Place) -> Trigger:
    step, host, call = when.at("step"), when.at("host"), when.at("call")
    if host.value is not None and (step.value is not None or call.value is not None):
        raise when.wrong("takes a step or call, or a host state, not both")
    return Trigger(
        after=when.at("after").number(0, 86_400, 0.0),
        step=None if step.value is None else step.text(),
        host=None if host.value is None else host.one_of(("serving", "starting", "rebooting", "stopped")),
        call=None if call.value is None else _call(call),
        number=when.at("number").whole(1, 100_000, 1),
        carried_out=when.at("carried_out").truth(False),
    )
