"""The contract line by line for one night.

Each promise ends as held, broken, not exercised (nothing happened that could have broken it) or not covered yet (this
runbook does not carry it), with numbers and times as evidence.
"""

from __future__ import annotations

from collections.abc import Callable

from albpatch.region.journal import Entry
from albpatch.rehearsal.evidence import OVER, Evidence, Execution, Verdict
from albpatch.rehearsal.losses import SERVES
from albpatch.rehearsal.rotation import exact_return, floor, needless, no_lost_request
from albpatch.report.model import Held, Promise
from albpatch.report.words import many

TITLES = {
    "C1": "no needless drain",
    "C2": "floor",
    "C3": "exact return",
    "C4": "no lost request",
    "C5": "stop the line",
    "C6": "least privilege",
    "C7": "as found",
    "C8": "seen",
    "C9": "in the window",
}


def contract(evidence: Evidence) -> tuple[Promise, ...]:
    """Every promise with what the night showed."""
    return tuple(Promise(id_, TITLES[id_], *judge(evidence)) for id_, judge in JUDGES.items())


def stop_the_line(e: Evidence) -> Verdict:
    bad = [x for x in e.executions if x.status not in ("Success",)]
    hidden = [x for x in e.executions if x.status == "Success" and _unwell(e, x)]
    if hidden:
        names = e.names([x.instance for x in hidden])
        return Held.BROKEN, f"{names}: ended as Success but does not serve as before"
    if not bad:
        return Held.NOT_EXERCISED, "no execution failed"
    first = min((x for x in bad), key=lambda x: x.ended or e.end)
    over = first.ended if first.ended is not None else e.end
    later = sorted({i for t, _, i in e.took_out if t > over and i != first.instance})
    if later:
        return Held.BROKEN, f"{e.names(later)} taken out after {e.name(first.instance)} had failed at {e.at(over)}"
    words = f"{e.name(first.instance)} ended as {first.status} at {e.at(over)}"
    return Held.HELD, f"{words}; no machine was taken out after it"


def _unwell(e: Evidence, execution: Execution) -> bool:
    """Whether an instance that the night took out does not serve at its end."""
    taken = any(i == execution.instance for _, _, i in e.took_out)
    serves = e.last_host.get(execution.instance) in SERVES
    return taken and (not serves or bool(e.missing(execution.instance)))


def least_privilege(e: Evidence) -> Verdict:
    if not e.role_calls:
        return Held.NOT_EXERCISED, "no call was made by a role"
    refused = [c for c in e.role_calls if c.error in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")]
    roles = sorted({c.caller.role_name or "" for c in e.role_calls})
    if refused:
        first = refused[0]
        return (
            Held.BROKEN,
            f"{many(len(refused), 'call')} refused, first {first.service}:{first.operation} at {e.at(first.time)}",
        )
    return Held.HELD, (
        f"{len(e.role_calls)} calls made as {' and '.join(roles)}, each checked against the role's policies, none "
        "refused; that the policies allow nothing else is the plan tests' part"
    )


def as_found(e: Evidence) -> Verdict:
    before = {f"{arn}|{i}|{p}" for arn in e.world.groups.values() for i, p in e.world.registered(arn)}
    ours = [x for x in e.night if x.kind == "registration" and x.detail["action"] == "register" and e.is_ours(x)]
    strange = [x for x in ours if x.subject not in before]
    if strange:
        host = strange[0].subject.rsplit("|", 2)[1]
        return Held.BROKEN, f"{e.name(host)} registered at {e.at(strange[0].time)} where it was not before"
    visited = {x.instance for x in e.executions}
    outside = sorted(i for i in visited if not any(f"|{i}|" in key for key in before))
    if not outside:
        back = f"; each of {len(ours)} registrations put back one that was there" if ours else ""
        return Held.NOT_EXERCISED, f"every machine was in rotation before{back}"
    return Held.HELD, f"{e.names(outside)} was in no target group before and is in none now"


def seen(e: Evidence) -> Verdict:
    over = [x for x in e.executions if x.status in OVER]
    if not over:
        return Held.NOT_EXERCISED, "no execution ended"
    dead = [x for x in over if x.killed]
    silent = [x for x in over if not x.outputs and not x.killed]
    events = [x for x in e.night if x.kind == "event"]
    said = len(over) - len(dead) - len(silent)
    words = f"{said} of {many(len(over), 'execution')} with outputs, {many(len(events), 'event')}"
    if silent or len(events) < len(over) - len(dead):
        return Held.BROKEN, words
    mute = [x for x in dead if not any(_tells_of(event, x) for event in events)]
    if mute:
        return Held.NOT_COVERED, f"{words}; {e.names(x.instance for x in mute)} died without a word"
    return Held.HELD, words


def _tells_of(event: Entry, dead: Execution) -> bool:
    """Whether an event after the death of an execution names its instance: somebody else spoke for it."""
    return event.time >= (dead.ended or 0.0) and dead.instance in event.detail["detail"].values()


def in_the_window(e: Evidence) -> Verdict:
    """Who failed could not come back, whatever the time; everybody else has to be back before the window ends."""
    if e.opened_until is None or not e.took_out:
        return Held.NOT_EXERCISED, "no window, or nothing was taken out of rotation"
    last, out = max(t for t, _, _ in e.took_out), {i for _, _, i in e.took_out}
    words = f"last machine taken out at {e.at(last)}, window ends at {e.at(e.opened_until)}"
    well = [x for x in e.executions if x.instance in out and x.status == "Success"]
    late = [x.instance for x in well if (e.end if x.ended is None else x.ended) > e.opened_until]
    if last > e.opened_until or late:
        return Held.BROKEN, f"{words}; {e.names(late)} was not back by then" if late else words
    failed = [x.instance for x in e.executions if x.instance in out and x.status != "Success"]
    back = f"{e.names(failed)} failed, everybody else was back" if failed else "all were back"
    return Held.HELD, f"{words}; {back}"


JUDGES: dict[str, Callable[[Evidence], Verdict]] = {
    "C1": needless,
    "C2": floor,
    "C3": exact_return,
    "C4": no_lost_request,
    "C5": stop_the_line,
    "C6": least_privilege,
    "C7": as_found,
    "C8": seen,
    "C9": in_the_window,
}
