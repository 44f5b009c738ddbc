"""What a start passes, against what the document declares. API: StartAutomationExecution."""

from __future__ import annotations

from typing import Any

from albpatch.document.model import MISSING, Document, Parameter
from albpatch.document.parameters import problems
from albpatch.document.values import WrongType, from_api, resource_pattern
from albpatch.region.operations import AwsError, NotKnownHere

CODE = "InvalidAutomationExecutionParametersException"


def check(document: Document, given: dict[str, list[str]], left_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """The typed value of every parameter.

    Args:
        given: what the start passes, every value a list of strings.
        left_out: parameters that something else will give (the target of a rate control).

    Raises:
        AwsError: with one line for each parameter that AWS would refuse.
    """
    wrong = [
        f"Parameter {name!r} is not declared in the document." for name in given if name not in document.parameters
    ]
    values: dict[str, Any] = {}
    for name, parameter in document.parameters.items():
        if name in left_out:
            continue
        if name not in given:
            if parameter.default is MISSING:
                wrong.append(f"Parameter {name!r} has no value and no default.")
            else:
                values[name] = _default(parameter)
            continue
        try:
            values[name] = from_api(parameter.type, given[name])
        except WrongType as error:
            wrong.append(f"Parameter {name!r}: {error}.")
            continue
        if not _empty_resource(parameter, values[name]):
            wrong += [f"Parameter {name!r}: {reason}." for reason in problems(parameter, values[name])]
    if wrong:
        raise AwsError(CODE, "\n".join(wrong))
    return values


def _empty_resource(parameter: Parameter, value: Any) -> bool:
    """An optional resource parameter may be given as its default "" again, as the console does."""
    return value == "" and parameter.default == "" and resource_pattern(parameter.type) is not None


def _default(parameter: Parameter) -> Any:
    if isinstance(parameter.default, str) and "{{" in parameter.default and "ssm:" in parameter.default:
        raise NotKnownHere(f"{parameter.default}: a parameter of Parameter Store as a default")
    return parameter.default
