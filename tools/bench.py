"""How a night in virtual time grows with its fleet: seconds, memory and calls, from 10 to 1,000 instances.

Run from the project's folder. Terraform plans once; every size is then played in a process of its own. "ms more" is the
processor time of each instance that is more than in the line above, "ratio" how it grows. The exit status is 1 when
1,000 instances take longer than two minutes or more than 1 GiB, or when an instance more costs more than 1.5 times what
it did.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from pathlib import Path
from typing import Any

from albpatch.rehearsal.generate import FLEETS_OF_A_WINDOW, Size, configuration, scenario
from albpatch.rehearsal.side_by_side import play
from albpatch.rehearsal.sources import plans

SEED, SIZES = 7, (Size(10, 2, 7), Size(100, FLEETS_OF_A_WINDOW, 7), Size(1000, FLEETS_OF_A_WINDOW, 7))
MOST_SECONDS, MOST_MIB, MOST_GROWTH = 120.0, 1024, 1.5
ROOT = Path(__file__).resolve().parents[1]
Measured = tuple[float, float, int, int, int]


def measured(plan: dict[str, Any], size: Size) -> Measured:
    """Wall clock and processor seconds, peak memory in MiB, API calls and patched instances of one night."""
    wall, busy = time.monotonic(), time.process_time()
    played = play(plan, scenario(size), "bundled")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    patched = sum(machine.patched is not None for machine in played.shown.machines)
    return time.monotonic() - wall, time.process_time() - busy, peak, played.figures.calls, patched


def main() -> int:
    fewest = Size(2 * FLEETS_OF_A_WINDOW, FLEETS_OF_A_WINDOW, SEED)
    with configuration(fewest, ROOT) as root:
        plan = plans(root, scenario(fewest), ["bundled"], None, print)["bundled"]
    columns = ("instances", 9), ("patched", 7), ("wall s", 7), ("CPU s", 7), ("ms more", 8), ("ratio", 6), ("MiB", 5)
    print("\n" + "  ".join(f"{name:>{width}}" for name, width in columns) + "  calls each")
    before, first, within = (0, 0.0), 0.0, True
    for size in SIZES:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            wall, busy, peak, calls, patched = pool.apply(measured, (plan, size))
        more = 1000 * (busy - before[1]) / (size.instances - before[0])
        ratio = more / first if first else 0.0
        first, before = first or (more if before[0] else 0.0), (size.instances, busy)
        within &= wall <= MOST_SECONDS and peak <= MOST_MIB and ratio <= MOST_GROWTH
        print(
            f"{size.instances:>9,}  {patched:>7,}  {wall:>7.1f}  {busy:>7.1f}  {more:>8.1f}  {ratio:>6.2f}  {peak:>5,}"
            f"  {calls / size.instances:>10.1f}",
            flush=True,
        )
    print(f"two minutes, 1 GiB and a flat cost of an instance: {'reached' if within else 'NOT reached'}")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
