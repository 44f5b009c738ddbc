"""Tags of Systems Manager resources: of maintenance windows here, of everything else in the control plane."""

from __future__ import annotations

from typing import Any

from albpatch.region.core import Region
from albpatch.region.operations import Caller, operation
from albpatch.region.services.window_definitions import WindowDefinitions


def _of_window(region: Region, params: dict[str, Any]) -> dict[str, str] | None:
    if params["ResourceType"] != "MaintenanceWindow":
        return None
    return region.part(WindowDefinitions).get(params["ResourceId"]).tags


@operation("ssm", "AddTagsToResource")
def add_tags(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    tags = _of_window(region, params)
    if tags is None:
        return region.backend("ssm", "AddTagsToResource", params)
    tags.update({tag["Key"]: tag["Value"] for tag in params["Tags"]})
    return {}


@operation("ssm", "RemoveTagsFromResource")
def remove_tags(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    tags = _of_window(region, params)
    if tags is None:
        return region.backend("ssm", "RemoveTagsFromResource", params)
    for key in params["TagKeys"]:
        tags.pop(key, None)
    return {}


@operation("ssm", "ListTagsForResource")
def list_tags(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    tags = _of_window(region, params)
    if tags is None:
        return region.backend("ssm", "ListTagsForResource", params)
    return {"TagList": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}
