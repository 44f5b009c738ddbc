"""What Amazon's own documents do is no error."""

from pathlib import Path

import pytest

from albpatch.document.text import parse
from albpatch.errors import InputError
from albpatch.lint.lint import lint
from albpatch.report import annotations, findings_json, junit, markdown, sarif
from unit.lint.documents import text_of

CASES = parse(Path(__file__).with_name("published.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["seen"].split(",")[0] for case in CASES])
def test_no_error(case):
    """No document that is written as AWS writes its own has an error, or a step that is called dead."""
    found = lint(text_of(case)).findings

    wrong = [one for one in found if one.severity == "error" or one.id in ("step-unreachable", "value-unknown")]
    assert [(one.id, one.address, one.what) for one in wrong] == [], case["truth"]


def test_a_change_template_is_no_runbook():
    """AWS-HelloWorldChangeTemplate has the same schema version and is another kind of document."""
    with pytest.raises(InputError, match="change template"):
        lint('{"schemaVersion": "0.3", "executableRunBooks": [], "mainSteps": []}')


ODD = [
    {"steps": [{"name": "\ud800", "action": "aws:sleep"}]},
    {"steps": [{"name": "A", "action": "aws:executeAwsApi", "inputs": {"Service": ["ec2"], "Api": None}}]},
    {"steps": [{"name": "A", "action": "aws:executeScript", "inputs": {"Runtime": 3, "Script": 4, "Handler": []}}]},
    {"steps": [None, {}, {"name": 1, "action": {}}]},
    {"parameters": {"P": {"type": "String", "default": "x", "allowedPattern": "[0-*"}}, "steps": [{"name": "A"}]},
]


@pytest.mark.parametrize("case", ODD, ids=range(len(ODD)))
def test_odd_values_end_in_findings(case):
    """No value makes the linter or a report stumble."""
    found = lint(text_of(case))

    assert found.count("error")
    assert [writer.text(found) for writer in (annotations, findings_json, junit, markdown, sarif)]
