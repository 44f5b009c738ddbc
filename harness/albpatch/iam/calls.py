"""The table calls.yaml: which IAM actions, on which resources and in which context, a call of the API needs.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from albpatch.iam.policy import NotEvaluable

_STEP = re.compile(r"(?P<name>\w+)(?P<list>\[(?P<key>\w*)\])?")
_OWNED_BY_AWS = re.compile("(?i)(aws|amazon|amzn)")  # no customer's document may begin so


class UnknownCall(Exception):
    """The table has no row for this operation."""

    def __init__(self, what: str) -> None:
        super().__init__(f"no row for {what}")
        self.what = what


@dataclass(frozen=True)
class Place:
    """Where a call is made."""

    partition: str
    region: str
    account: str


@dataclass(frozen=True)
class Need:
    """One action that must be allowed on one resource. `tagged` is (resource's name, key prefixes) or None."""

    action: str
    resource: str
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()
    tagged: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True)
class Row:
    """A row of the table: an action that an operation needs.

    kind: the resource type, None where the action supports no resource. members: the members of the request that lead
    to the resource's name. context: condition key and the member that it comes from. default: the resource that is
    meant when the request names none.
    """

    action: str
    kind: str | None
    members: tuple[str, ...]
    optional: bool
    context: tuple[tuple[str, str], ...]
    constants: tuple[tuple[str, tuple[str, ...]], ...]
    default: str

    @property
    def tag_prefixes(self) -> tuple[str, ...]:
        """The prefixes of condition keys that ask for the resource's tags."""
        return tuple(_table()["resource_types"].get(self.kind, {}).get("tags", ()))

    def arn(self, name: str, place: Place) -> str:
        """The ARN of a resource of this row."""
        return _arn(_table()["resource_types"][self.kind]["arn"], name, place)


@cache
def _table() -> dict[str, Any]:
    text = files("albpatch.iam").joinpath("calls.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def operations() -> list[str]:
    """Every operation of the table, as "service:Operation"."""
    return sorted(_table()["operations"])


def actions(service: str, operation: str) -> list[str]:
    """The IAM actions that an operation always needs.

    Raises:
        UnknownCall: the table does not have it.
    """
    return sorted({row["action"] for row in _rows(service, operation) if not row.get("optional")})


def operations_of_step(action: str) -> list[str]:
    """The operations that an Automation action calls by itself ("aws:runCommand"), as "service:Operation"."""
    return list(_table()["steps"].get(action, []))


def actions_of_step(action: str) -> list[str]:
    """The IAM actions of the calls that an Automation action makes by itself; most make none."""
    return sorted({a for name in operations_of_step(action) for a in actions(*name.split(":"))})


def rows(service: str, operation: str) -> list[Row]:
    """What the table says of an operation. Raises UnknownCall."""
    return [_row(row) for row in _rows(service, operation)]


def _row(row: Mapping[str, Any]) -> Row:
    return Row(
        row["action"],
        row.get("resource"),
        _members(row.get("from", "")),
        bool(row.get("optional")),
        tuple((key, _members(path)[-1]) for key, path in row.get("context", {}).items()),
        tuple((key, (value,)) for key, value in row.get("constants", {}).items()),
        row.get("default", ""),
    )


def _members(path: str) -> tuple[str, ...]:
    return tuple(part.partition("[")[0] for part in path.split(".")) if path else ()


def needs(service: str, operation: str, params: Mapping[str, Any], place: Place) -> list[Need]:
    """What must be allowed for this call, every one of it.

    Args:
        service: boto3's name of the client, such as "elbv2".
        operation: the API's name, such as "DeregisterTargets".
        params: the request as botocore takes it.
        place: where it is made.

    Raises:
        UnknownCall: the table does not have the operation.
        NotEvaluable: the request does not name the resource that the action needs.
    """
    found = [need for row in _rows(service, operation) for need in _needs_of(row, params, place)]
    return list(dict.fromkeys(found))


def _rows(service: str, operation: str) -> list[dict[str, Any]]:
    rows = _table()["operations"].get(f"{service}:{operation}")
    if rows is None:
        raise UnknownCall(f"{service}:{operation}")
    return list(rows)


def _needs_of(row: Mapping[str, Any], params: Mapping[str, Any], place: Place) -> Iterator[Need]:
    context = {key: tuple(dict.fromkeys(_values(params, path))) for key, path in row.get("context", {}).items()}
    context |= {key: (value,) for key, value in row.get("constants", {}).items()}
    if "resource" not in row:
        yield Need(row["action"], "*", tuple(sorted(context.items())))
        return
    names = list(_values(params, row["from"])) if row["from"] else []
    if not names and "default" in row:
        names = [row["default"]]
    if not names and not row.get("optional"):
        raise NotEvaluable(f"{row['action']} without {row['from']}")
    kind = _table()["resource_types"][row["resource"]]
    for name in names:
        tagged = (name, tuple(kind["tags"])) if "tags" in kind else None
        yield Need(row["action"], _arn(kind["arn"], name, place), tuple(sorted(context.items())), tagged)


def _arn(template: str, name: str, place: Place) -> str:
    if name.startswith("arn:"):
        return name
    owner = "" if _OWNED_BY_AWS.match(name) else place.account
    return template.format(
        name=name, partition=place.partition, region=place.region, account=place.account, document_account=owner
    )


def _values(params: Any, path: str) -> Iterator[str]:
    """The strings at a path: "A", "A[].B" (every entry), "Targets[InstanceIds].Values[]" (entries with that Key)."""
    head, _, rest = path.partition(".")
    step = _STEP.fullmatch(head)
    if step is None:
        raise NotEvaluable(f"path {path}")
    if step["name"] not in params:
        return
    value = params[step["name"]]
    for item in value if step["list"] else [value]:
        if step["key"] and item.get("Key") != step["key"]:
            raise NotEvaluable(f"{step['name']} by {item.get('Key')}: which resources these are is not known here")
        if rest:
            yield from _values(item, rest)
        else:
            yield str(item)
