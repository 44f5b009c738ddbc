"""What every check looks at: a document with its ways and its calls, each worked out once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from albpatch.document.model import Defect, Document, Step
from albpatch.lint.calls import Made, made_by
from albpatch.lint.flow import Flow

# What takes out of service -> what gives back.
UNDO: dict[str, str] = {
    "elbv2:DeregisterTargets": "elbv2:RegisterTargets",
    "elb:DeregisterInstancesFromLoadBalancer": "elb:RegisterInstancesWithLoadBalancer",
    "autoscaling:EnterStandby": "autoscaling:ExitStandby",
}


class Subject:
    """A document that is looked at. defects: what the reader of documents says of it. text: as it was given."""

    def __init__(
        self, document: Document, defects: list[Defect], undo: Mapping[str, str] | None = None, text: str = ""
    ) -> None:
        self.document, self.defects, self.text = document, defects, text
        self.undo = dict(UNDO if undo is None else undo)

    @cached_property
    def flow(self) -> Flow:
        return Flow(self.document)

    @cached_property
    def made(self) -> dict[str, Made]:
        """Step -> the calls that it makes."""
        return {step.name: made_by(step) for step in self.flow.steps.values()}

    @property
    def steps(self) -> Iterator[Step]:
        """Every step, those inside loops included."""
        return self.document.all_steps()
