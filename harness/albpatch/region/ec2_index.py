"""Instances, images and tags by id, in moto's place: moto reads all of the account for one of them.

A thousand instances make that 20 ms for every DescribeInstances. What is asked in any other way is moto's to answer.
"""

from __future__ import annotations

import copy
from typing import Any

from moto.backends import get_backend
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, filter_reservations, get_prefix

from albpatch.region.core import Region


def index(region: Region) -> None:
    """Let the region's EC2 state answer by id without reading everything."""
    ec2: Any = get_backend("ec2")[region.account_id][region.name]
    reservations = _Reservations(ec2)
    ec2.get_reservations_by_instance_ids, ec2.describe_instances = reservations.of, reservations.filtered
    ec2.get_instance = reservations.instance
    ec2.describe_images = _Images(ec2).of
    ec2.describe_tags = _Tags(ec2).of


class _Reservations:
    """A reservation never loses an instance to another one."""

    def __init__(self, ec2: Any) -> None:
        self._ec2, self._by_id, self._by_filters = ec2, ec2.get_reservations_by_instance_ids, ec2.describe_instances
        self._one = ec2.get_instance
        self._of: dict[str, str] = {}
        self._place: dict[str, int] = {}

    def of(self, instance_ids: list[str], filters: Any = None) -> list[Any]:
        """The reservations of these instances, holding no others. Raises moto's error for one that does not exist."""
        found = self._holding(instance_ids)
        if filters or sum(len(one.instances) for one in found) < len(set(instance_ids)):
            return list(self._by_id(instance_ids, filters))
        return found

    def filtered(self, filters: dict[str, list[str]] | None = None) -> list[Any]:
        """The reservations with the instances that pass: an id that does not exist is no error here."""
        ids = (filters or {}).get("instance-id")
        if filters is None or ids is None:
            return list(self._by_filters(filters))
        found = sorted(self._holding(ids), key=lambda one: self._place[one.id])
        return list(filter_reservations(found, filters))

    def instance(self, instance_id: str) -> Any:
        """moto's object. Raises moto's error for one that does not exist."""
        held = self._holding([instance_id])
        return held[0].instances[0] if held else self._one(instance_id)

    def _holding(self, instance_ids: list[str]) -> list[Any]:
        """A copy of each reservation that holds one of these, in their order, with these alone."""
        known = self._ec2.reservations
        if any(i not in self._of for i in instance_ids):
            self._of = {instance.id: key for key, found in known.items() for instance in found.instances}
            self._place = {key: place for place, key in enumerate(known)}
        wanted, held = set(instance_ids), []
        for key in dict.fromkeys(self._of[i] for i in instance_ids if i in self._of):
            reservation = copy.copy(known[key])
            reservation.instances = [instance for instance in reservation.instances if instance.id in wanted]
            held.append(reservation)
        return held


class _Images:
    """The image of one id: every instance that is launched asks for its own, and moto compares it with all."""

    def __init__(self, ec2: Any) -> None:
        self._ec2, self._all = ec2, ec2.describe_images

    def of(self, ami_ids: Any = None, filters: Any = None, exec_users: Any = None, owners: Any = None) -> list[Any]:
        """The images that moto finds."""
        wanted = (filters or {}).get("image-id")
        plain = isinstance(wanted, str) and not set(wanted) & set("*?[")
        if ami_ids or exec_users or owners or len(filters or {}) != 1 or not plain:
            return list(self._all(ami_ids, filters, exec_users, owners))
        return [self._ec2.amis[wanted]] if wanted in self._ec2.amis else []


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
