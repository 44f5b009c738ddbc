"""Prints a comparison as markdown for README.md: tools/figures.py report/result.json, after a rehearsal of several."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROWS = {
    "Requests lost": "requests lost",
    "Time out or down, median of these": "out or down, median",
    "Time out or down, worst": "out or down, worst",
    "Length of the roll": "length of the roll",
    "Lowest capacity, healthy targets": "lowest capacity, healthy targets",
    "ELB writes on compliant instances": "ELB writes on compliant instances",
    "API calls by roles": "API calls",
    "Automation steps": "Automation steps",
    "Script seconds": "script seconds",
    "Cost of steps and scripts": "cost of steps and scripts",
    "Resources created at run time": "resources created at run time",
}


def markdown(result: dict[str, Any]) -> str:
    """The table of the nights, and below it the ratios with what is to be reached."""
    comparison = result["comparison"]
    nights, rows = comparison["nights"], {row["name"]: row for row in comparison["rows"]}
    lines = [["", *nights], ["---"] * (len(nights) + 1)]
    for name, shown in ROWS.items():
        cells = rows[name]["by_night"]
        lines.append([shown, *(cells[night]["text"] + (" *" if cells[night]["modelled"] else "") for night in nights)])
    text = ["| " + " | ".join(line) + " |" for line in lines]
    for ratio in comparison["ratios"]:
        aim = f"{'at least' if ratio['at_least'] else 'at most'} {ratio['aim']:g}"
        verdict = "reached" if ratio["reached"] else "not reached"
        text.append(f"\n* {ratio['name']}: {ratio['value']:.2f}, to reach: {aim}: {verdict}")
    return "\n".join([*text, "", *(f"* {note}" for note in comparison["notes"])])


if __name__ == "__main__":
    print(markdown(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
