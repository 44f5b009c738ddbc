"""Instances and tags by id, in moto's place: moto reads all reservations and all tags of the account for one instance.

A thousand instances make that 20 ms for every DescribeInstances. What is asked in any other way is moto's to answer.
"""

from __future__ import annotations

import copy
from typing import Any

from moto.backends import get_backend
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

from albpatch.region.core import Region


def index(region: Region) -> None:
    """Let the region's EC2 state answer by id without reading everything."""
    ec2: Any = get_backend("ec2")[region.account_id][region.name]
    ec2.get_reservations_by_instance_ids = _Reservations(ec2).of
    ec2.describe_tags = _Tags(ec2).of


class _Reservations:
    """A reservation never loses an instance to another one."""

    def __init__(self, ec2: Any) -> None:
        self._ec2, self._all = ec2, ec2.get_reservations_by_instance_ids
        self._of: dict[str, str] = {}

    def of(self, instance_ids: list[str], filters: Any = None) -> list[Any]:
        """The reservations of these instances, holding no others. Raises moto's error for one that does not exist."""
        known = self._ec2.reservations
        if any(i not in self._of for i in instance_ids):
            self._of = {instance.id: key for key, found in known.items() for instance in found.instances}
        if filters or any(self._of.get(i) not in known for i in instance_ids):
            return list(self._all(instance_ids, filters))
        found = []
        for key in dict.fromkeys(self._of[i] for i in instance_ids):
            reservation = copy.copy(known[key])
            reservation.instances = [instance for instance in reservation.instances if instance.id in instance_ids]
            found.append(reservation)
        return found


class _Tags:
    """The tags of one resource."""

    def __init__(self, ec2: Any) -> None:
        self._ec2, self._all = ec2, ec2.describe_tags

    def of(self, filters: dict[str, list[str]] | None = None) -> list[dict[str, str]]:
        """The tags as moto lists them."""
        ids = (filters or {}).get("resource-id", [])
        if filters is None or len(filters) != 1 or len(ids) != 1 or not ids[0].replace("-", "").isalnum():
            return list(self._all(filters))
        kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(ids[0]), "")
        tags = self._ec2.tags.get(ids[0], {})
        return [
            {"resource_id": ids[0], "key": key, "value": value, "resource_type": kind} for key, value in tags.items()
        ]
