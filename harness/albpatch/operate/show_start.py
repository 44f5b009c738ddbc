"""What `albpatch start` says before it asks, and after it has started."""

from __future__ import annotations

from albpatch.live.checks.common import listed, name_of
from albpatch.operate.rolls import Roll
from albpatch.operate.session import Session
from albpatch.operate.show import console, facts, moment, say
from albpatch.operate.start import FleetStart, Group, Start
from albpatch.report.words import many


def plan(session: Session, planned: Start) -> None:
    """What will be done."""
    out, deployment = console(), session.deployment
    say(out, f"Start a roll of {deployment.name} in {deployment.account_id}, {deployment.region}", "bold")
    for one in planned.fleets:
        say(out, f"  fleet {one.name}: {many(len(one.instances), 'instance')}, {_rate(one)}")
        facts(out, [("instances", _instances(one)), *((name_of(g.arn), _group(g, one)) for g in one.groups)])
    if planned.other is not None:
        say(out, f"A roll is under way: {_other(planned.other)}. Instances that it works on are deferred.", "yellow")
    if planned.open_records:
        ids = listed(planned.open_records)
        say(out, f"Deferred, because their records are open: {ids}; see albpatch status.", "yellow")
    say(out, "Instances with nothing to install stay in rotation. There is no deadline: no window closes.")


def begun(planned: Start, executions: dict[str, str]) -> None:
    """What was started, and how to go on."""
    out = console()
    say(out, f"Started roll {planned.roll}", "bold green")
    facts(out, [(f"fleet {name}", f"execution {i}") for name, i in executions.items()])
    facts(
        out,
        [
            ("follow it", f"albpatch watch --roll {planned.roll}"),
            ("stop it", f"albpatch stop --roll {planned.roll}"),
        ],
    )


def _rate(one: FleetStart) -> str:
    rate = one.fleet.rate_control
    return f"{rate.concurrency} at a time, no more after {rate.errors} errors are exceeded"


def _instances(one: FleetStart) -> str:
    stopped = [i.id for i in one.instances if i.state != "running"]
    more = f"; not running, will be skipped: {listed(stopped)}" if stopped else ""
    if not one.named:
        more += f"; Systems Manager takes all that it finds by {one.target['Key']} {', '.join(one.target['Values'])}"
    return listed(i.id for i in one.instances) + more


def _group(group: Group, one: FleetStart) -> str:
    budget = one.fleet.disruption_budget
    return (
        f"{group.healthy} of {group.registered} healthy, floor {group.floor}, "
        f"at most {budget.max_unavailable} out at the same time"
    )


def _other(roll: Roll) -> str:
    return f"{roll.id} since {moment(roll.started)}, {roll.words}"
