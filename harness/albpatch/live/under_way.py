"""Which executions run and whose record is open, before somebody changes what they work with. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from albpatch.live.account import Account
from albpatch.live.automation import Execution
from albpatch.live.calls import Unanswered
from albpatch.plan.under_way import Out, UnderWay, Working


def look(account: Account, documents: Iterable[str], tables: Iterable[str]) -> UnderWay:
    """What executions of these documents do, and what these lease tables remember; what is not answered is said."""
    working, out, unknown = list[Working](), list[Out](), list[str]()

    def ask(read: Callable[[], None]) -> None:
        try:
            read()
        except Unanswered as error:
            unknown.append(f"{error.action} was not answered ({error.code}: {error.message})")

    def executions(name: str) -> None:
        running = [one for one in account.automation.executions(name) if one.under_way]
        working.extend(_working(account, name, one) for one in running)

    def records(name: str) -> None:
        if account.leases.table(name) is not None:
            out.extend(Out(r.instance, r.groups, r.words) for r in account.leases.contents(name).records.values())

    for name in documents:
        ask(partial(executions, name))
    for name in tables:
        ask(partial(records, name))
    return UnderWay(tuple(working), tuple(out), tuple(dict.fromkeys(unknown)))


def _working(account: Account, document: str, execution: Execution) -> Working:
    given = account.automation.parameters(execution.id)
    named = [one for one in given.get("InstanceId", ()) if one and "{{" not in one]
    groups = tuple(one for one in given.get("TargetGroupArns", ()) if one)
    return Working(execution.id, document, execution.status, named[0] if len(named) == 1 else "", groups)
