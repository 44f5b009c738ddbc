"""May the deployment be destroyed now? Not while an execution needs its roles, or an instance is out by its table."""

from __future__ import annotations

from collections.abc import Iterator

from albpatch.live.checks.leases import contents, ours
from albpatch.live.checks.leftovers import instance_of, running
from albpatch.live.verdicts import Check, Item, Look, right, wrong


def at_work(look: Look) -> Iterator[Item]:
    """No execution runs, and the window is not open."""
    busy = 0
    for document, execution in running(look):
        busy += 1
        what = f"execution {execution.id} for {instance_of(look, execution) or 'several'} is {execution.status}"
        yield wrong("destroy-under-way", f"document {document}", what, "over", passing=True)
    window = look.deployment.window
    for opening in look.account.windows.openings(window.id) if look.account.windows.window(window.id) else ():
        if opening.under_way:
            busy += 1
            what = f"its opening {opening.id} is {opening.status}"
            yield wrong("destroy-under-way", f"window {window.name}", what, "over", passing=True)
    if not busy:
        yield right(f"document {look.deployment.document.name}", "no execution is under way", "none")


def remembered(look: Look) -> Iterator[Item]:
    """No record is open: the table is the only memory of who is out."""
    found = contents(look)
    if found is None:
        return
    own = ours(look, found)
    for record in own:
        yield wrong("destroy-forgets", record.instance, record.words, "no open record")
    others = [record for record in found.records.values() if record not in own]
    subject = f"lease table {look.deployment.lease_table}"
    if others:
        what = f"holds {len(others)} open records of others, such as {others[0].words}"
        yield wrong("destroy-forgets", subject, what, "no open record, if this destroys the table")
    if not found.records:
        yield right(subject, "no record is open", "none")


CHECKS = (
    Check("nothing-under-way", "nothing is under way", at_work, ("destroy-under-way",)),
    Check("nobody-forgotten", "nobody is out whom the table remembers", remembered, ("destroy-forgets",)),
)
