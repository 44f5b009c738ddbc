"""Every rule finds what it is for, and does not find it where it is not."""

from pathlib import Path

import pytest

from albpatch.document.text import parse
from albpatch.findings import at_least
from albpatch.lint.lint import lint
from albpatch.lint.rules import RULES
from unit.lint.documents import text_of

ROOT = Path(__file__).resolve().parents[3]
CASES = parse(Path(__file__).with_name("cases.yaml").read_text(encoding="utf-8"))
IDS = [f"{case['rule']}-{number}" for number, case in enumerate(CASES)]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_defect_is_found(case):
    """A document with exactly one defect has the finding, at its place, in words, with its severity."""
    found = [one for one in lint(text_of(case["bad"])).findings if one.id == case["rule"]]

    assert [one.address for one in found] == [case["at"]], case["truth"]
    assert case["says"].lower() in found[0].what.lower()
    assert found[0].severity == RULES[case["rule"]].severity


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_without_the_defect_nothing_is_found(case):
    """The same document without the defect has no such finding, and no error at all."""
    found = lint(text_of(case["good"])).findings

    assert [one for one in found if one.id == case["rule"] or at_least(one.severity, "error")] == [], case["truth"]


def test_every_rule_has_a_case():
    """No rule is without a document that shows it; the size of a text has a test of its own."""
    assert set(RULES) - {case["rule"] for case in CASES} == {"document-large"}


def test_white_space_alone_is_a_warning():
    """A JSON text above 64 KB that fits without its white space is no error, one that does not fit is."""
    case = {"steps": [{"name": "A", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}]}
    padded = text_of(case).replace(": ", ":" + " " * 20_000)
    long = text_of({"steps": [{**case["steps"][0], "description": "x" * 70_000}]})

    assert [one.id for one in lint(padded).findings] == ["document-large"]
    assert [one.id for one in lint(long).findings] == ["document-refused"]


def test_the_page_has_every_rule():
    """docs/lint.md has a row for every rule, with its severity and its words, and no other."""
    page = (ROOT / "docs/lint.md").read_text(encoding="utf-8")
    rows = [
        tuple(cell.strip() for cell in line.split("|")[1:-1]) for line in page.splitlines() if line.startswith("| `")
    ]

    assert rows == [
        (f"`{r.id}`", r.severity, f"{r.title[0].upper()}{r.title[1:]}.", r.why, r.todo) for r in RULES.values()
    ]
