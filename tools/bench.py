"""How a night in virtual time grows with its fleet: seconds, memory and calls, from 10 to 1,000 instances.

Run from the project's folder. Terraform plans once; every size is then played in a process of its own. The exit status
is 1 when 1,000 instances take longer than two minutes or more than 1 GiB, or one instance of them more than twice the
processor time of one of ten.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from pathlib import Path
from typing import Any

from albpatch.rehearsal.generate import Size, configuration, scenario
from albpatch.rehearsal.side_by_side import play
from albpatch.rehearsal.sources import plans

FLEETS, SEED, SIZES = 5, 7, (10, 100, 1000)
MOST_SECONDS, MOST_MIB, MOST_GROWTH = 120.0, 1024, 2.0
ROOT = Path(__file__).resolve().parents[1]
Measured = tuple[float, float, int, int]


def measured(plan: dict[str, Any], instances: int) -> Measured:
    """Wall clock and processor seconds, peak memory in MiB, and API calls of one night."""
    fleet = scenario(Size(instances, FLEETS, SEED))
    wall, busy = time.monotonic(), time.process_time()
    calls = play(plan, fleet, "bundled").figures.calls
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return time.monotonic() - wall, time.process_time() - busy, peak, calls


def main() -> int:
    fewest = Size(2 * FLEETS, FLEETS, SEED)
    with configuration(fewest, ROOT) as root:
        plan = plans(root, scenario(fewest), ["bundled"], None, print)["bundled"]
    print("\nratio: processor time of an instance against one of ten instances; calls: of an instance")
    print(f"{'instances':>9}  {'wall s':>7}  {'CPU s':>7}  {'ms each':>8}  {'ratio':>6}  {'MiB':>5}  {'calls':>6}")
    first, within = 0.0, True
    for instances in SIZES:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            wall, busy, peak, calls = pool.apply(measured, (plan, instances))
        each = 1000 * busy / instances
        first = first or each
        within &= wall <= MOST_SECONDS and peak <= MOST_MIB and each <= MOST_GROWTH * first
        print(
            f"{instances:>9,}  {wall:>7.1f}  {busy:>7.1f}  {each:>8.1f}  {each / first:>6.2f}  {peak:>5,}"
            f"  {calls / instances:>6.1f}",
            flush=True,
        )
    print(f"two minutes, 1 GiB and a flat cost of an instance: {'reached' if within else 'NOT reached'}")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
