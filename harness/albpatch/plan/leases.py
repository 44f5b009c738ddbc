"""The lease table of a call: what keeps executions that run at the same time from taking too much out together."""

from __future__ import annotations

from albpatch.plan.groups import Group, members
from albpatch.plan.model import Call, Fleet, number
from albpatch.plan.read import Resource, State

TABLE = "aws_dynamodb_table"


def table_name(call: Call) -> str | None:
    """The name of the call's lease table; None for a runbook without leases, and where the plan does not show it."""
    found = call.get("lease_table")
    return found if isinstance(found, str) else None


def has_no_leases(call: Call) -> bool:
    """Whether the call's runbook surely takes no leases, as the clone of AWS's runbook does not."""
    return bool(call.get("document", "source") == "aws-owned") or call.get("lease_table") is None


def table(state: State, call: Call) -> Resource | None:
    """The lease table where the plan manages it, in the call or beside it."""
    name = table_name(call)
    found = [r for r in state.of_type(TABLE) if r.managed and r.values.get("name") == name]
    return found[0] if name is not None and found else None


def unknown(call: Call) -> bool:
    """Whether the plan does not show in which table a runbook with leases takes them."""
    return table_name(call) is None and not has_no_leases(call)


def share_leases(one: Call, other: Call) -> bool:
    """Whether two calls surely count each other's instances: one table, in the same account and region."""
    name = table_name(one)
    places = [(one.get(member), other.get(member)) for member in ("account_id", "region")]
    apart = any(isinstance(a, str) and isinstance(b, str) and a != b for a, b in places)
    return name is not None and name == table_name(other) and not apart


def lanes(fleet: Fleet, state: State) -> int | None:
    """How many instances of a fleet the window starts at once; None where only the account knows."""
    given = fleet.task.values.get("max_concurrency") if fleet.task else None
    if not isinstance(given, str):
        return None
    if not given.endswith("%"):
        return int(given) if given.isdecimal() else None
    share, known = given.removesuffix("%"), members(state, fleet)
    exact = isinstance(fleet.get("instance_ids"), list) and bool(fleet.get("instance_ids"))
    return max(1, int(share) * len(known) // 100) if share.isdecimal() and known is not None and exact else None


def room(fleet: Fleet, groups: int) -> int | None:
    """How many instances so many target groups of a fleet spare at the same time, if each serves in one of them."""
    most = number(fleet.get("disruption_budget", "max_unavailable"))
    return None if most is None else most * groups


def in_common(ours: list[Group], theirs: list[Group]) -> list[Group]:
    """The target groups that two fleets share, as far as the plan tells."""
    known = {group.identity for group in theirs if group.identity}
    return [group for group in {g.identity: g for g in ours}.values() if group.identity in known]
