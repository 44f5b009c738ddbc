"""The fault matrix: plays every fault at every call and step of a night, and says which of them did harm.

Run from the project's folder. Terraform plans once. Exits with 1 on a violation, with 2 when nothing matches.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from albpatch.rehearsal.matrix import fleets
from albpatch.rehearsal.matrix.run import all_played, chosen, faults_of, matrix
from albpatch.rehearsal.sources import plans
from albpatch.report.html import faults_page
from albpatch.report.matrix import Played, as_json, lines

ROOT = Path(__file__).resolve().parents[1]
EVERY = 100  # nights between two lines of progress


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="faults.py", description=__doc__, allow_abbrev=False)
    parser.add_argument("--only", metavar="NAME", help="nights whose name contains this; * and ? stand for anything")
    parser.add_argument("--fleet", action="append", choices=list(fleets.GROUPS), help="only this fleet (repeatable)")
    parser.add_argument("--sample", type=_positive, metavar="N", help="only N nights, drawn from all that match")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="what the drawing starts from (1)")
    parser.add_argument("--processes", type=_positive, default=2, metavar="N", help="nights at the same time (2)")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the result as a page")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result as JSON")
    return parser.parse_args(given)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def planned() -> dict[str, Any]:
    """The plan that serves every night."""
    with fleets.configuration(ROOT) as root:
        return plans(root, fleets.scenario("one"), ["bundled"], None, print)["bundled"]


def main(given: list[str]) -> int:
    asked, began = arguments(given), time.monotonic()
    plan = planned()
    faults = [f for fleet in asked.fleet or fleets.GROUPS for f in faults_of(plan, fleet)]
    mine = chosen(faults, asked.only, asked.sample, asked.seed)
    if not mine:
        print(f"no night of {len(faults)} has a name that contains {asked.only!r}", file=sys.stderr)
        return 2
    print(f"  {len(mine)} of {len(faults)} nights", flush=True)
    nights = list[Played]()
    for night in all_played(plan, mine, min(asked.processes, len(mine))):
        nights.append(night)
        if night.violations or len(nights) % EVERY == 0:
            print(f"  {len(nights)} of {len(mine)}{': ' + night.name if night.violations else ''}", flush=True)
    facts = [
        ("Nights played", f"{len(mine)} of {len(faults)}"),
        ("Wall clock", f"{time.monotonic() - began:.0f} s with {asked.processes} processes"),
        ("Processor time of a night", f"{sum(n.seconds for n in nights) / len(nights):.2f} s in the mean"),
    ]
    result = matrix(nights, facts)
    print("\n".join(["", *lines(result), *(f"{name}: {value}" for name, value in facts)]))
    for path, text in ((asked.html, faults_page), (asked.json, as_json)):
        if path is not None:
            path.write_text(text(result), encoding="utf-8")
    return 1 if result.bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
