"""What a reference stands for while an execution runs. UG "Automation system variables"."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from albpatch.document.references import UNRESOLVED, resolve
from albpatch.document.values import as_text
from albpatch.region.automation.executions import Execution
from albpatch.region.core import Region


class Scope:
    """Resolves references of one execution."""

    def __init__(self, region: Region, execution: Execution) -> None:
        self._region, self._execution = region, execution

    def resolve(self, value: Any) -> Any:
        """The value with every reference replaced that can be; the others stay as text."""
        return resolve(value, self.lookup, as_text)

    def lookup(self, name: str) -> Any:
        """What a name stands for, or UNRESOLVED."""
        execution = self._execution
        if name in execution.parameters:
            return execution.parameters[name]
        if name.startswith("variable:"):
            return execution.variables.get(name.removeprefix("variable:"), UNRESOLVED)
        if ":" in name:
            return self._system(name)
        step_name, _, output = name.partition(".")
        run = execution.latest(step_name)
        return UNRESOLVED if run is None else run.outputs.get(output, UNRESOLVED)

    def _system(self, name: str) -> Any:
        if name == "automation:EXECUTION_ID":
            return self._execution.id
        if not name.startswith("global:"):
            return UNRESOLVED
        now = datetime.fromtimestamp(self._region.clock.time(), UTC)
        known = {
            "ACCOUNT_ID": self._region.account_id,
            "DATE": now.strftime("%Y-%m-%d"),
            "DATE_TIME": now.strftime("%Y-%m-%d_%H.%M.%S"),
            "AWS_PARTITION": self._region.partition,
            "REGION": self._region.name,
        }
        return known.get(name.removeprefix("global:"), UNRESOLVED)
