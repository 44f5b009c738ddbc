"""Lambda, as far as documents of AWS's need it: functions whose code is not public, replaced by models of what they do.

No code is run here that somebody uploads. A function is one that a known template builds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from albpatch.region.core import Region
from albpatch.region.operations import AwsError, Caller
from albpatch.region.registration_function import FunctionFailed, change_registrations

BEHAVIOURS: dict[str, Callable[[Region, Caller, dict[str, Any]], dict[str, Any]]] = {
    "change-registrations": change_registrations,
}


@dataclass(frozen=True)
class Function:
    """A function, who it acts as, and which model stands for its code."""

    name: str
    role: Caller
    behaviour: str


class Functions:
    """The functions of a region (a region's part)."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._named: dict[str, Function] = {}

    def add(self, function: Function) -> None:
        self._named[function.name] = function

    def remove(self, name: str) -> None:
        self._named.pop(name, None)

    def invoke(self, name: str, event: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
        """What the function answers, and "Unhandled" when it failed. Raises AwsError when there is none."""
        function = self._named.get(name.rpartition(":")[2])
        if function is None:
            region = self._region
            arn = f"arn:{region.partition}:lambda:{region.name}:{region.account_id}:function:{name}"
            raise AwsError("ResourceNotFoundException", f"Function not found: {arn}", 404)
        try:
            return BEHAVIOURS[function.behaviour](self._region, function.role, event), None
        except FunctionFailed as error:
            return {"errorMessage": str(error), "errorType": error.kind}, "Unhandled"
