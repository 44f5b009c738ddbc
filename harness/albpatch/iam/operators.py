"""Condition operators: what each compares.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address, ip_network
from typing import Any

from albpatch.iam.policy import NotEvaluable, arn_matches, plain, wildcard

Matcher = Callable[[str, str], bool]  # what the policy has, what the request has
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?")
_SINCE_EPOCH = re.compile(r"\d{5,}(\.\d+)?")  # four digits are a year


@dataclass(frozen=True)
class Operator:
    """negated: holds where nothing matches. takes_variables: strings and ARNs do, nothing else."""

    matches: Matcher
    negated: bool = False
    takes_variables: bool = False


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise NotEvaluable(f"{text!r} as a number") from None
    if not number.is_finite():
        raise NotEvaluable(f"{text!r} as a number")
    return number


def _moment(text: str) -> datetime:
    """A date of ISO 8601 as W3C writes them, or seconds since the epoch."""
    try:
        if _SINCE_EPOCH.fullmatch(text):
            return datetime.fromtimestamp(float(text), UTC)
        if _MOMENT.fullmatch(text):
            found = datetime.fromisoformat(text)
            return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise NotEvaluable(f"{text!r} as a date")


def _within(wanted: str, given: str) -> bool:
    try:
        network, address = ip_network(wanted), ip_address(given)
    except ValueError as error:
        raise NotEvaluable(f"an IP address condition: {error}") from None
    return address in network


def _compared(read: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Matcher:
    return lambda wanted, given: compare(read(given), read(wanted))


_TEXTS: dict[str, Matcher] = {
    "StringEquals": lambda wanted, given: plain(wanted) == given,
    "StringEqualsIgnoreCase": lambda wanted, given: plain(wanted).lower() == given.lower(),
    "StringLike": lambda wanted, given: wildcard(wanted).fullmatch(given) is not None,
    "ArnEquals": arn_matches,  # documented to behave as ArnLike
    "ArnLike": arn_matches,
}
_COMPARISONS = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}


def _all() -> dict[str, Operator]:
    found = {name: Operator(matches, takes_variables=True) for name, matches in _TEXTS.items()}
    for name, matches in _TEXTS.items():
        kind = "String" if name.startswith("String") else "Arn"
        found[f"{kind}Not{name.removeprefix(kind)}"] = Operator(matches, negated=True, takes_variables=True)
    for kind, read in (("Numeric", _number), ("Date", _moment)):
        found |= {f"{kind}{name}": Operator(_compared(read, compare)) for name, compare in _COMPARISONS.items()}
        found[f"{kind}NotEquals"] = Operator(_compared(read, operator.eq), negated=True)
    found["IpAddress"] = Operator(_within)
    found["NotIpAddress"] = Operator(_within, negated=True)
    found["Bool"] = Operator(lambda wanted, given: wanted.lower() == given.lower())
    return found


OPERATORS = _all()
