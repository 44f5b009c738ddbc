"""What all makers of planned resources share: calls as the provider makes them, values that must be known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from albpatch.region.core import Region
from albpatch.rehearsal.plan_references import Plan, PlanError, Planned

Values = dict[str, Any]


@dataclass
class Loaded:
    """What was made: Terraform address -> the window's, target's or task's id, the document's, role's, table's,
    queue's, rule's or alarm's name.
    `arns` are those of roles and managed policies.

    `left_out` are the addresses of resources of types that are not made here.
    """

    windows: dict[str, str] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    arns: dict[str, str] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    queues: dict[str, str] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)
    alarms: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def window_ids(self) -> list[str]:
        return list(self.windows.values())


class Maker:
    """Makes resources of a plan in a region and notes in `loaded` what it made."""

    def __init__(self, region: Region, plan: Plan, loaded: Loaded) -> None:
        self._region, self._plan, self._loaded = region, plan, loaded

    def _call(self, service: str, operation: str, **params: Any) -> Values:
        """Make a call without the members that are not set, as the provider does."""
        return self._region.call(self._region.administrator, service, operation, given(params))

    def _known(self, planned: Planned, name: str) -> Any:
        """A value that the plan must know. A member that is null is known."""
        if name not in planned.values:
            raise PlanError(f"{planned.address}: {name} is not known in this plan")
        return planned.values[name]


def tags(values: Values) -> list[dict[str, str]]:
    """All tags of a planned resource, the provider's default ones included, as the API takes them."""
    return [{"Key": key, "Value": value} for key, value in (values.get("tags_all") or {}).items()]


def given(params: Values) -> Values:
    """The parameters without those that are not set."""
    return {key: value for key, value in params.items() if value not in (None, "", [], {})}
