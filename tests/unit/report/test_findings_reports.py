"""Findings as markdown, JUnit XML, JSON, annotations, SARIF and in a terminal; hostile names, and masses of them."""

import io
import json
import re
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albpatch.findings import Block, Finding, Findings, Section, ordered
from albpatch.plan.rules import RULES, finding
from albpatch.report import annotations, findings_json, junit, markdown, sarif
from albpatch.report.findings_terminal import show
from albpatch.report.plain import visible

HOSTILE = (
    'module.x["</details>\n| a | `b` ::error:: @team #1 https://example.com \x1b[31m \u202e <img src=x> ]]> & %0A"]'
)
ERROR = finding("guard-weakened", "aws_ssm_document.this", "RouteLease: Default: Report became Detach.")
NOTE = finding("not-shown", "aws_iam_role.this", "A policy is not shown.")
SECTION = Section(
    "module.web (web)",
    "changed",
    (
        Block("Runbook changes", lines=("weaker: RouteLease: Default: Report became Detach",)),
        Block("Window", (("opens", "cron(0 3 ? * SUN *) in UTC"), ("next openings", "Sun 2026-01-18 03:00 UTC"))),
    ),
)
FOUND = Findings("plan.json", "1 call of the module: 1 changed", (SECTION,), (ERROR, NOTE), tuple(RULES.values()))
NOTHING = Findings("plan.json", "this plan does not call the module", (), ())


def terminal(found):
    out = io.StringIO()
    show(found, out)
    return out.getvalue()


TEXTS = {
    "terminal": terminal,
    "markdown": markdown.text,
    "junit": junit.text,
    "json": findings_json.text,
    "annotations": annotations.text,
    "sarif": sarif.text,
}


@pytest.mark.parametrize("name", TEXTS)
def test_every_report_has_what_why_and_what_to_do(name):
    """Id, address, what was seen, why it matters and what to do stand in every format."""
    text = re.sub(r"\\(?=\W)|<!-- -->|\s+", " ", TEXTS[name](FOUND)).replace("  ", " ")

    for part in (ERROR.id, ERROR.address, ERROR.what, ERROR.why):
        assert re.sub(r"\s+", "", part) in text.replace(" ", "")


@pytest.mark.parametrize("name", TEXTS)
def test_a_plan_without_a_call_is_said(name):
    """Nothing to review is a report too, in every format."""
    text = TEXTS[name](NOTHING)

    if name in ("terminal", "markdown", "json"):
        assert "his plan does not call the module" in text
    elif name == "junit":
        assert ElementTree.fromstring(text).get("tests") == "0"
    elif name == "sarif":
        assert json.loads(text)["runs"][0]["results"] == []
    else:
        assert text == ""


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_names_do_not_act(name):
    """A name from a plan brings no control character, tag, table row, mention or workflow command into a report."""
    bad = Finding("guard-weakened", "error", HOSTILE, HOSTILE, "Why.", "What.")
    text = TEXTS[name](
        Findings(HOSTILE, HOSTILE, (Section(HOSTILE, "new", (Block(HOSTILE, ((HOSTILE, HOSTILE),)),)),), (bad,))
    )

    assert "\x1b" not in text
    assert "\u202e" not in text
    if name == "markdown":
        code = re.sub(r"`[^`\n]*`", "", text)
        assert "<img" not in code
        assert "@team" not in code
        assert "#1" not in code
        assert "https://" not in code
        assert code.count("</details>") == code.count("<details>")
        rows = [line for line in text.splitlines() if line.startswith("| error")]
        assert len(rows) == 1
        assert len(re.findall(r"(?<!\\)\|", rows[0])) == 5
    elif name == "annotations":
        assert text.count("\n") == 1
        assert text.startswith("::error title=guard-weakened::")
    elif name == "junit":
        assert ElementTree.fromstring(text).get("failures") == "1"
    elif name in ("json", "sarif"):
        assert json.loads(text)


def many(count, length=200):
    """So many findings, each with a long address."""
    return tuple(
        Finding("guard-weakened", "error", f"module.m[{n}].{'x' * length}", "ä" * length, "Why.", "What.")
        for n in range(count)
    )


@pytest.mark.parametrize("count", [0, 1, 30, 200, 5000])
def test_markdown_fits_into_a_comment(count):
    """Whatever the plan, the comment fits; the counts stay, and what was cut is said."""
    found = Findings("plan.json", "1 call of the module: 1 changed", (SECTION,), many(count))
    text = markdown.text(found)

    assert len(text.encode()) <= markdown.LIMIT
    assert text.startswith("<!-- albpatch review -->\n## Patch night review: ")
    assert f"{count} error" in text or count == 0
    assert ("**Cut to fit into a comment:**" in text) is (count > 30)
    assert text.count("<details>") == text.count("</details>")


def test_what_was_cut_is_counted():
    """The reader learns how many findings are not listed and how many parts are left out."""
    text = markdown.text(Findings("plan.json", "x", (SECTION,), many(5000)))
    listed = len([line for line in text.splitlines() if line.startswith("| error")])
    parts = text.count("<details>")

    assert f"{5000 - listed} of 5000 findings are not listed" in text
    assert f"{5002 - parts} collapsed parts are left out" in text


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=400), st.text(max_size=3000)), max_size=60), st.integers(3000, 20_000))
def test_markdown_fits_any_limit(rows, limit):
    """For any names and any limit the comment fits, and no tag stays open."""
    sections = tuple(Section(a, "new", (Block(a, ((a, b),), (b,)),)) for a, b in rows)
    found = Findings("plan.json", "head", sections, tuple(Finding("x", "note", a, b, "", "") for a, b in rows))
    text = markdown.text(found, limit)

    assert len(text.encode()) <= limit
    assert text.count("<details>") == text.count("</details>")


@given(st.text())
def test_junit_is_xml_whatever_the_names(text):
    """Any text in a finding makes XML that a parser takes."""
    found = Findings(text, text, (), (Finding("guard-weakened", "error", text, text, text, text),))

    assert ElementTree.fromstring(junit.text(found)).get("failures") == "1"


@given(st.text())
def test_an_annotation_is_one_line(text):
    """Any text in a finding makes exactly one workflow command."""
    found = Findings("p", "h", (), (Finding("guard-weakened", "error", text, text, text, text),))

    assert len(annotations.text(found).splitlines()) == 1


def test_junit_counts_from_the_threshold():
    """A finding at or above the threshold fails its test case, another passes with its words; so does every rule."""
    at_error, at_note = (ElementTree.fromstring(junit.text(FOUND, level)) for level in ("error", "note"))

    assert (at_error.get("failures"), at_note.get("failures")) == ("1", "2")
    assert at_error.get("tests") == str(len(RULES))
    names = [case.get("name") for case in at_error.iter("testcase")]
    assert "guard-weakened aws_ssm_document.this" in names
    assert "windows-overlap" in names


def test_json_has_a_schema_and_counts():
    """The JSON result names its schema and counts by severity."""
    made = json.loads(findings_json.text(FOUND))

    assert made["schema"] == "alb-patching/findings/1"
    assert made["counts"] == {"error": 1, "warning": 0, "note": 1}
    assert made["findings"][0] == {
        "id": ERROR.id,
        "severity": "error",
        "address": ERROR.address,
        "what": ERROR.what,
        "why": ERROR.why,
        "todo": ERROR.todo,
    }


def test_annotations_have_the_severity_of_the_finding():
    """An error is an error, a warning a warning, a note a notice."""
    warning = finding("guard-changed", "a", "b.")
    lines = annotations.text(Findings("p", "h", (), (ERROR, warning, NOTE))).splitlines()

    assert [line.split(" ")[0] for line in lines] == ["::error", "::warning", "::notice"]


def test_sarif_has_what_the_format_requires():
    """Version, driver, rules and results refer to each other as SARIF 2.1.0 says."""
    log = json.loads(sarif.text(FOUND))
    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]

    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in rules] == list(RULES)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "plan.json"
        assert re.fullmatch("[0-9a-f]{64}", result["partialFingerprints"]["finding/v1"])


def test_findings_are_ordered_and_said_once():
    """The worst come first, and the same finding stands only once."""
    assert ordered([NOTE, ERROR, NOTE]) == (ERROR, NOTE)
    assert FOUND.verdict == "1 error, 1 note"
    assert NOTHING.verdict == "no findings"


def test_visible_text_keeps_letters():
    """Letters of any script stay as they are, what would act is written out."""
    assert visible("Grüße 東京 é") == "Grüße 東京 é"
    assert visible("a\nb\x00\u2028") == "a\\x0ab\\x00\\u2028"
