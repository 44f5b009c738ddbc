"""The pause: as long as it stands, no roll takes anybody out, the window's included."""

from __future__ import annotations

from collections.abc import Callable

from albpatch.leases import Pause
from albpatch.operate import show, table
from albpatch.operate.session import Session


def lift(session: Session, agreed: Callable[[str], bool]) -> int:
    """Ask and lift it; returns the exit status. Raises InputError, Failure, Unanswered."""
    session.belongs()
    standing = table.read(session).pause
    if standing is None:
        print("It is not paused.")
        return 0
    print(f"Paused by {standing.by}: {standing.reason}{_since(standing)}")
    print(f"The pause stands in the lease table {session.table}, for every deployment that uses it.")
    if not agreed("Lift it?"):
        return 1
    table.unpause(session)
    print("The pause is lifted. Nothing was started: the window opens by its schedule, or albpatch start.")
    return 0


def _since(standing: Pause) -> str:
    return "" if standing.since is None else f" (since {show.moment(standing.since)})"
