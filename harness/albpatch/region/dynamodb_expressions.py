"""moto reads every expression of DynamoDB anew, character by character. A night has few and uses each of them often."""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import Any

from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.parsing import expressions

_Conditions: Any = ConditionExpressionParser
_Updates: Any = vars(expressions)["UpdateExpressionParser"]  # moto switches the type check off there
_lex, _make = _Conditions._lex_condition_expression, _Updates.make


@lru_cache(maxsize=512)
def _pieces(expression: str | None) -> tuple[Any, ...]:
    return tuple(_lex(_Conditions(expression, None, None)))


def read_once() -> None:
    """Let moto keep what it has read. What it refuses is read, and refused, again."""
    _Conditions._lex_condition_expression = lambda parser: deque(_pieces(parser.condition_expression))
    _Updates.make = lru_cache(maxsize=512)(_make)  # whoever changes the tree copies it first
