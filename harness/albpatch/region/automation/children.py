"""What a start has besides when the step aws:executeAutomation makes it: a parent, and its starter's leave.

UG "aws:executeAutomation": who initiated the primary automation must be allowed to pass the role of the secondary one.
"""

from __future__ import annotations

from typing import Any

from albpatch.region.automation.service import Automation
from albpatch.region.clock import current_activity
from albpatch.region.core import Region


def parent_of_start(region: Region, params: dict[str, Any]) -> str | None:
    """The execution whose step makes this start, or None. Raises AwsError where its starter may not pass the role."""
    activity = current_activity()
    parent_id = None if activity is None else activity.labels.get("parent")
    automation = region.part(Automation)
    if parent_id is None or region.authorizer is None or not automation.reading.starter_passes_child_role:
        return parent_id
    starter = automation.known(parent_id).caller
    if starter.role_name is not None:
        from albpatch.region.authorization import Authorization  # needs the control plane, simulate does not

        region.part(Authorization).require_role_of_start(starter, params)
    return parent_id
