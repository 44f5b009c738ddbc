"""What is known of a call, and of a deployment, that its steps act on: the facts with which permissions are judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from albpatch.document.model import Document
from albpatch.iam.calls import Place
from albpatch.plan.model import Call
from albpatch.plan.needs import SOME_INSTANCE, Facts, Machine
from albpatch.settings import Deployment


def of_call(call: Call) -> Facts:
    """The facts that a plan shows."""
    place = [call.get(name) for name in ("partition", "region", "account_id")]
    groups = [arn for fleet in call.fleets for arn in fleet.target_groups if isinstance(arn, str)]
    named = [(f.get("tags"), f.get("instance_ids")) for f in call.fleets]
    return Facts(
        Place(*place) if all(isinstance(part, str) for part in place) else None,
        tuple(dict.fromkeys(groups)),
        tuple(_texts([call.get("lease_table")])),
        _machines(named),
        call.documents,
        tuple(_texts([call.get("restore", "document")])),
    )


def of_deployment(deployment: Deployment, documents: Mapping[str, Document]) -> Facts:
    """The facts of a record. documents: the runbooks as the account has them, by name."""
    fleets = deployment.fleets.values()
    tags = [({key: list(values) for key, values in f.tags.items()}, list(f.instance_ids)) for f in fleets]
    return Facts(
        Place(deployment.partition, deployment.region, deployment.account_id),
        tuple(dict.fromkeys(arn for fleet in fleets for arn in fleet.target_group_arns)),
        tuple(_texts([deployment.lease_table])),
        _machines(tags),
        documents,
        () if deployment.restore is None else (deployment.restore.document,),
    )


def _texts(values: Iterable[Any]) -> Iterator[str]:
    return (value for value in values if isinstance(value, str))


def _machines(fleets: Iterable[tuple[Any, Any]]) -> tuple[Machine, ...]:
    """For each fleet, (tags, ids): its ids, or one for each value of its tags, or one of which nothing is known."""
    found: list[Machine] = []
    for tags, ids in fleets:
        if isinstance(ids, list) and ids:
            found += [Machine(one) for one in _texts(ids)]
        elif isinstance(tags, Mapping) and tags and all(isinstance(values, list) for values in tags.values()):
            found += _tagged({str(key): list(_texts(values)) for key, values in tags.items()})
        else:
            found.append(Machine(SOME_INSTANCE))
    return tuple(dict.fromkeys(found))


def _tagged(tags: Mapping[str, list[str]]) -> Iterator[Machine]:
    """A machine for each value, the other tags with their first one: a policy that allows these allows every one."""
    if not all(tags.values()):
        yield Machine(SOME_INSTANCE)
        return
    first = {key: values[0] for key, values in tags.items()}
    for key, values in tags.items():
        for value in values:
            yield Machine(SOME_INSTANCE, tuple(sorted({**first, key: value}.items())))
