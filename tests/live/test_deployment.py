"""What was deployed is what is there: `pytest tests/live --deployment FILE` with your own credentials.

FILE is `terraform output -json`, or `terraform show -json`, of a root that calls the module. Reads only. Each finding
of `albpatch check` is a test (docs/check.md says what they mean). What a warning or a note would say is a property of
the test in JUnit XML.
"""

import pytest

from albpatch.live.rules import AFTER_WINDOW, BEFORE_DESTROY, CALLS, RULES

NOW = [rule for rule in RULES if rule not in AFTER_WINDOW | BEFORE_DESTROY | CALLS]


@pytest.mark.parametrize("rule", NOW)
def test_there_is_no(rule, judged, record_property):
    """The finding does not occur, and every call that it needs was answered."""
    wrong = []
    for deployment, verdicts in judged:
        for verdict in verdicts:
            if rule not in verdict.check.rules:
                continue
            if verdict.unanswered is not None:
                wrong.append(f"{deployment.name}: {verdict.check.title}: unknown: {verdict.unanswered}")
            for item in verdict.items:
                if item.rule == rule:
                    what = f"{deployment.name}: {item.subject}: {item.found}; should be: {item.wanted}"
                    record_property(RULES[rule].severity, what)
                    wrong += [what] if RULES[rule].severity == "error" else []

    assert wrong == []
