"""How a night in virtual time grows with its fleet: seconds of this machine and memory, from 10 to 1,000 instances.

Run from the project's folder. Terraform plans once; every size is then played in a process of its own.
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
ROOT = Path(__file__).resolve().parents[1]
Measured = tuple[float, float, int, float]


def measured(plan: dict[str, Any], instances: int) -> Measured:
    """Wall clock and processor seconds, peak memory in MiB, and length of the roll of one night."""
    fleet = scenario(Size(instances, FLEETS, SEED))
    wall, busy = time.monotonic(), time.process_time()
    _, found = play(plan, fleet, "bundled")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return time.monotonic() - wall, time.process_time() - busy, peak, found.roll


def main() -> int:
    fewest = Size(2 * FLEETS, FLEETS, SEED)
    with configuration(fewest, ROOT) as root:
        plan = plans(root, scenario(fewest), ["bundled"], None, print)["bundled"]
    print(f"\n{'instances':>9}  {'wall s':>7}  {'CPU s':>7}  {'ms each':>8}  {'ratio':>6}  {'MiB':>5}")
    first: float | None = None
    for instances in SIZES:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            wall, busy, peak, _ = pool.apply(measured, (plan, instances))
        each = 1000 * busy / instances
        first = each if first is None else first
        print(
            f"{instances:>9,}  {wall:>7.1f}  {busy:>7.1f}  {each:>8.1f}  {each / first:>6.2f}  {peak:>5,}", flush=True
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
