"""What albpatch review says about the plan, a test for every finding that is an error."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from albpatch.findings import Finding
from albpatch.plan.read import parse
from albpatch.plan.review import review
from albpatch.plan.rules import RULES

ERRORS = sorted(rule.id for rule in RULES.values() if rule.severity == "error")


@pytest.fixture(scope="session")
def findings_of(plan_of: Callable[[str], dict[str, Any]]) -> Callable[[str], tuple[Finding, ...]]:
    """Name of a plan => what a review finds in it."""
    return cache(lambda name: review(parse(plan_of(name))).findings)


@pytest.mark.parametrize("rule", ERRORS)
def test_the_review_finds_no_error(
    rule: str, plan_name: str, findings_of: Callable[[str], tuple[Finding, ...]]
) -> None:
    """The plan does nothing that breaks the contract."""
    found = [f"{f.address}: {f.what} {f.why} {f.todo}" for f in findings_of(plan_name) if f.id == rule]

    assert not found, "\n".join(found)
