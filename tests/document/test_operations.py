"""docs/operations.md has a row for every code that a runbook can report, and no row for another."""

import re

from document.render import ROOT, RUNBOOK

OPERATIONS = (ROOT / "docs/operations.md").read_text()
README = (RUNBOOK / "README.md").read_text()
CODE = re.compile(r"\b[A-Z]{2,}(?:_[A-Z]+)+\b|\b(?:PATCHED|COMPLIANT|FLOOR|PAUSED|FREEZE|ALARM|RESTORED|FORGOTTEN)\b")


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def cells() -> list[list[str]]:
    lines = [line for line in section(OPERATIONS, "Codes").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_code_has_one_row() -> None:
    """The codes of both runbooks, which other tests compare with the scripts, each in one row, and no others."""
    in_rows = [code for row in cells() for code in CODE.findall(row[0])]
    restore = {
        line.split("|")[1].strip() for line in section(README, "The restore runbook").splitlines() if "|" in line
    }
    closed = set(CODE.findall(section(README, "Outcomes and codes"))) | {c for c in restore if CODE.fullmatch(c)}

    assert len(in_rows) == len(set(in_rows))
    assert set(in_rows) == closed


def test_every_row_says_what_is_true_and_what_to_do() -> None:
    """No cell is empty: meaning, state of the instance, what to do."""
    assert [row[0] for row in cells() if len(row) != 4 or not all(row)] == []
