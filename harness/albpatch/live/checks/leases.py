"""Does the lease table remember who is out, is anybody out whom nobody puts back, does a lease block for nothing?"""

from __future__ import annotations

from collections.abc import Iterator

from albpatch.leases import Contents, Record
from albpatch.live.checks.common import listed, name_of
from albpatch.live.verdicts import Check, Item, Look, right, wrong

_KEY = [{"AttributeName": "Id", "KeyType": "HASH"}]
_TYPE = {"AttributeName": "Id", "AttributeType": "S"}


def contents(look: Look) -> Contents | None:
    """What the lease table holds; None for a runbook without leases, and where there is no table. Raises Unanswered."""
    name = look.deployment.lease_table
    if name is None or look.account.leases.table(name) is None:
        return None
    return look.account.leases.contents(name)


def ours(look: Look, found: Contents) -> list[Record]:
    """The open records that concern this deployment: several may share a table."""
    groups = set(look.groups)
    ids = {instance.id for _, fleet in look.fleets for instance in look.account.machines.of(fleet)}
    return [record for record in found.records.values() if groups & set(record.groups) or record.instance in ids]


def under_way(look: Look, record: Record) -> bool:
    """Whether the execution that owns a record is still at work."""
    execution = look.account.automation.execution(record.owner) if record.owner else None
    return execution is not None and execution.under_way


def table(look: Look) -> Iterator[Item]:
    """The lease table is there, takes the runbook's keys, and forgets nothing."""
    name, leases = look.deployment.lease_table, look.account.leases
    if name is None:
        return
    subject, found = f"lease table {name}", leases.table(name)
    if found is None:
        yield wrong("lease-table-gone", subject, "does not exist", "a table")
        return
    if found["KeySchema"] != _KEY or _TYPE not in found["AttributeDefinitions"]:
        yield wrong("lease-table-unfit", subject, f"its key is {found['KeySchema']}", "a hash key Id, a string")
    if leases.expires(name):
        yield wrong("lease-table-expires", subject, "its items expire", "no time to live")
    if leases.recoverable(name):
        yield right(subject, f"{found['TableStatus']}, can be recovered to any moment", "point-in-time recovery")
    else:
        yield wrong("lease-table-unprotected", subject, "has no point-in-time recovery", "point-in-time recovery")


def records(look: Look) -> Iterator[Item]:
    """Nobody is out whom no execution works on."""
    found = contents(look)
    if found is None:
        return
    for record in ours(look, found):
        if record.kept_out:
            yield wrong("kept-out", record.instance, record.words, "back, when whoever keeps it out says so")
        elif under_way(look, record):
            yield wrong("roll-under-way", record.instance, record.words, "over", passing=True)
        else:
            yield wrong("open-record", record.instance, f"{record.words}, which is over", "no open record")
    if not ours(look, found):
        yield right(f"lease table {look.deployment.lease_table}", "no record is open", "none")


def holders(look: Look) -> Iterator[Item]:
    """Every lease belongs to an open record."""
    found = contents(look)
    if found is None:
        return
    for arn in look.groups:
        held = found.holders.get(arn, ())
        lost = sorted(set(held) - set(found.records))
        if lost:
            what = f"leases of {listed(lost)}, without a record"
            yield wrong("lease-without-record", name_of(arn), what, "leases of open records only")
        else:
            yield right(name_of(arn), f"{len(held)} leases", "leases of open records only")


def paused(look: Look) -> Iterator[Item]:
    """Nobody has paused the rolls."""
    found = contents(look)
    if found is None:
        return
    subject = f"lease table {look.deployment.lease_table}"
    if found.pause is not None:
        why = found.pause.reason or "no reason given"
        yield wrong("paused", subject, f"rolls are paused: {why}", "not paused")
    else:
        yield right(subject, "rolls are not paused", "not paused")


CHECKS = (
    Check(
        "lease-table-remembers",
        "the lease table is there and forgets nothing",
        table,
        ("lease-table-gone", "lease-table-unfit", "lease-table-expires", "lease-table-unprotected"),
    ),
    Check("nobody-out", "nobody is out whom nobody puts back", records, ("open-record", "kept-out", "roll-under-way")),
    Check("no-lease-left-over", "every lease belongs to an open record", holders, ("lease-without-record",)),
    Check("not-paused", "rolls are not paused", paused, ("paused",)),
)
