"""SARIF logs against the schema of the format."""

import copy
import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from albpatch.findings import Finding, Findings
from albpatch.lint.rules import RULES as LINT_RULES
from albpatch.live.rules import RULES as LIVE_RULES
from albpatch.plan.rules import RULES as PLAN_RULES
from albpatch.report import sarif

SCHEMA = yaml.safe_load(Path(__file__).with_name("sarif.schema.yaml").read_text(encoding="utf-8"))
ALL = {"plan": PLAN_RULES, "lint": LINT_RULES, "live": LIVE_RULES}
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def log_of(rules):
    """A log in which every rule has a finding, one of them with a name that would break an address."""
    findings = tuple(
        Finding(r.id, r.severity, f'aws_x.y["{n} ü\n"]', "Seen.", "Why.", "Do.") for n, r in enumerate(rules)
    )
    return json.loads(sarif.text(Findings("a plan.json", "1 call", (), findings, tuple(rules))))


@pytest.mark.parametrize("name", ALL)
def test_a_log_is_valid(name):
    """Every finding of review, lint and check makes a log that the schema accepts, as does a run without findings."""
    log = log_of(ALL[name].values())

    assert len(log["runs"][0]["results"]) == len(ALL[name])
    assert [error.message for error in VALIDATOR.iter_errors(log)] == []
    assert VALIDATOR.is_valid(json.loads(sarif.text(Findings("plan.json", "", (), ()))))


BROKEN = {
    "no version": lambda log: log.pop("version"),
    "another version": lambda log: log.update(version="2.0.0"),
    "no driver": lambda log: log["runs"][0]["tool"].pop("driver"),
    "a driver without a name": lambda log: log["runs"][0]["tool"]["driver"].pop("name"),
    "a rule without an id": lambda log: log["runs"][0]["tool"]["driver"]["rules"][0].pop("id"),
    "a result without a message": lambda log: log["runs"][0]["results"][0].pop("message"),
    "a level that SARIF does not have": lambda log: log["runs"][0]["results"][0].update(level="notice"),
    "a line 0": lambda log: log["runs"][0]["results"][0]["locations"][0]["physicalLocation"].update(
        region={"startLine": 0}
    ),
    "a property of our own": lambda log: log["runs"][0]["results"][0].update(severity="high"),
    "a rule twice": lambda log: log["runs"][0]["tool"]["driver"]["rules"].append(
        copy.deepcopy(log["runs"][0]["tool"]["driver"]["rules"][0])
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_log_is_refused(name):
    """What the standard forbids is found, so a valid log means something."""
    log = log_of(PLAN_RULES.values())
    BROKEN[name](log)

    assert not VALIDATOR.is_valid(log)
