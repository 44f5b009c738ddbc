"""Condition blocks of IAM policies and the request context they are compared with.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from albpatch.iam.operators import OPERATORS, Operator
from albpatch.iam.policy import NotEvaluable, Statement
from albpatch.iam.variables import filled

Tags = Callable[[], Mapping[str, str]]


class Context:
    """What a request carries: condition key -> values. Keys are compared without regard to case.

    Args:
        values: the keys that the request has; one without a value is one that it does not have.
        absent: keys of which it is known that the request does not have them.
        tags: key prefix ("aws:ResourceTag") -> the tags behind it, read only when a condition asks.
    """

    def __init__(
        self,
        values: Mapping[str, Iterable[str]] | None = None,
        absent: Iterable[str] = (),
        tags: Mapping[str, Tags] | None = None,
    ) -> None:
        self._values = {key.lower(): tuple(found) for key, found in (values or {}).items()}
        self._absent = {key.lower() for key in absent}
        self._tags = {prefix.lower(): read for prefix, read in (tags or {}).items()}

    def get(self, key: str) -> tuple[str, ...] | None:
        """The values of a key, None if the request does not have it.

        Raises:
            NotEvaluable: nothing is known about this key.
        """
        name = key.lower()
        if name in self._values:
            return self._values[name] or None
        if name in self._absent:
            return None
        prefix, _, tag = name.partition("/")
        if tag and prefix in self._tags:
            found = {k.lower(): v for k, v in self._tags[prefix]().items()}
            return (found[tag],) if tag in found else None
        raise NotEvaluable(f"condition key {key}")


def of_session(role_arn: str, account: str, region: str) -> dict[str, tuple[str, ...]]:
    """The keys that every request of a role's session carries, as far as they say more than the time of day.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    return {
        "aws:PrincipalAccount": (account,),
        "aws:PrincipalArn": (role_arn,),
        "aws:PrincipalType": ("AssumedRole",),
        "aws:RequestedRegion": (region,),
        "aws:SecureTransport": ("true",),
    }


def hold(statement: Statement, context: Context) -> bool:
    """Tell whether all conditions of the statement hold.

    Raises:
        NotEvaluable: an operator, a key or a combination that this evaluator does not know.
    """
    return all(_holds(operator, wanted, key, context) for operator, key, wanted in statement.conditions)


def _holds(operator: str, wanted: tuple[str, ...], key: str, context: Context) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if quantifier not in ("", "ForAnyValue", "ForAllValues"):
        raise NotEvaluable(f"condition operator {operator}")
    if name == "Null":
        _refuse_variables(wanted, key)
        return _null(wanted, context.get(key))
    if_exists = name.endswith("IfExists")
    found = OPERATORS.get(name.removesuffix("IfExists"))
    if found is None:
        raise NotEvaluable(f"condition operator {operator}")
    given = context.get(key)
    if given is None:
        return quantifier == "ForAllValues" or if_exists or (found.negated and quantifier == "")
    values = _values(found, wanted, key, context)
    return _compare(quantifier, [any(found.matches(w, g) for w in values) != found.negated for g in given], key)


def _values(operator: Operator, wanted: tuple[str, ...], key: str, context: Context) -> list[str]:
    """What the policy has, its variables filled in; without a text of which one has no value: nothing is like it."""
    if not operator.takes_variables:
        _refuse_variables(wanted, key)
        return list(wanted)
    values = [filled(text, context.get) for text in wanted]
    if None in values and operator.negated:
        raise NotEvaluable(f"condition {key}: a policy variable without a value, negated")
    return [value for value in values if value is not None]


def _refuse_variables(wanted: tuple[str, ...], key: str) -> None:
    for text in wanted:
        if "${" in text:
            raise NotEvaluable(f"policy variable in condition {key}, which is no text: {text}")


def _compare(quantifier: str, answers: list[bool], key: str) -> bool:
    if quantifier == "ForAnyValue":
        return any(answers)
    if quantifier == "ForAllValues":
        return all(answers)
    if len(answers) != 1:
        raise NotEvaluable(f"{len(answers)} values of {key} without ForAnyValue or ForAllValues")
    return answers[0]


def _null(wanted: tuple[str, ...], given: tuple[str, ...] | None) -> bool:
    return any((given is None) == (value.lower() == "true") for value in wanted)
