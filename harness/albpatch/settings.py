"""The `deployment` record of the Terraform module, typed: what a call made and which settings are in force."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from albpatch.errors import InputError

SCHEMA = "alb-patching/deployment/1"
_FAMILY = SCHEMA.rpartition("/")[0] + "/"

T = TypeVar("T")


class DeploymentError(InputError, ValueError):
    """There is no usable deployment record. The message is one line."""


@dataclass(frozen=True)
class Document:
    """The Automation document. version: pinned by the tasks. source: bundled or aws-owned.

    source_sha256: of the document that was cloned, as AWS served it. None for the bundled one, which has no upstream.
    """

    name: str
    version: str
    content_sha256: str
    source: str
    source_version: str | None
    source_sha256: str | None
    parameter_names: tuple[str, ...]


@dataclass(frozen=True)
class Role:
    """An IAM role."""

    name: str
    arn: str


@dataclass(frozen=True)
class Events:
    """What starts the restore runbook by itself: event rules, the queue for what they could not start, their role.

    sweep_rule: None where no standing sweep runs.
    """

    rule: str
    sweep_rule: str | None
    queue: str
    role: Role


@dataclass(frozen=True)
class Restore:
    """The restore runbook: its document, the role that it assumes, and what starts it."""

    document: str
    role: Role
    events: Events


@dataclass(frozen=True)
class NewsRules:
    """Event rules, by name: on openings of the window, and on restorings that failed."""

    window: str
    restore: str


@dataclass(frozen=True)
class NewsEvents:
    """What starts the news runbook."""

    rules: NewsRules
    role: Role


@dataclass(frozen=True)
class News:
    """Who is told of a roll, and the runbook that tells, with the role that it assumes."""

    topic: str
    document: str
    role: Role
    events: NewsEvents


@dataclass(frozen=True)
class Window:
    """The maintenance window. Dates as RFC 3339, durations in hours."""

    id: str
    name: str
    expression: str
    timezone: str
    duration_hours: int
    cutoff_hours: int
    offset_days: int | None
    start_date: str | None
    end_date: str | None
    enabled: bool


@dataclass(frozen=True)
class DisruptionBudget:
    """What every target group keeps: instances out at most, healthy targets, and per cent of the registered ones."""

    max_unavailable: int
    min_healthy: int
    min_healthy_percent: int


@dataclass(frozen=True)
class RateControl:
    """How many executions at a time, and how many failures until no more are started: numbers or percentages."""

    concurrency: str
    errors: str


@dataclass(frozen=True)
class Fleet:
    """Instances, named in exactly one way, their target groups, and the window target and task made for them."""

    name: str
    target_id: str
    task_id: str
    target_group_arns: tuple[str, ...]
    tags: dict[str, tuple[str, ...]]
    instance_ids: tuple[str, ...]
    resource_group: str | None
    disruption_budget: DisruptionBudget
    rate_control: RateControl


@dataclass(frozen=True)
class Patching:
    """How the patch command is run."""

    reboot_option: str
    baseline_override: str | None
    skip_when_compliant: bool
    scan_max_age_minutes: int
    timeout_seconds: int


@dataclass(frozen=True)
class Drain:
    """What ends the drain ("quiet_or_delay" or "delay"), and the least time of it and of quiet, in seconds."""

    propagation_seconds: int
    wait_for: str
    quiet_seconds: int


@dataclass(frozen=True)
class Health:
    """When an instance that was put back counts as serving again."""

    consecutive_looks: int
    interval_seconds: int
    timeout_seconds: int
    bake_seconds: int


@dataclass(frozen=True)
class Logs:
    """Where the output of the patch command goes."""

    cloudwatch_log_group_name: str | None
    s3_bucket_name: str | None
    s3_key_prefix: str | None


@dataclass(frozen=True)
class Alarms:
    """The alarms that the runbook looks at, and what a lack of data means: "allow" or "stop"."""

    names: tuple[str, ...]
    insufficient_data: str


@dataclass(frozen=True)
class Settings:
    """The settings in force. drain_minutes: for the clone of AWS's runbook only; what follows it: not for the clone,
    and not in an older record. change_calendars: names or ARNs."""

    patching: Patching
    drain: Drain
    health: Health
    logs: Logs
    drain_minutes: int | None
    alarms: Alarms | None
    change_calendars: tuple[str, ...] | None
    notification_topic_arn: str | None


@dataclass(frozen=True)
class Deployment:
    """One call of the module. companions: the other documents, name -> SHA-256 of the text; None in an older record."""

    schema: str
    name: str
    partition: str
    region: str
    account_id: str
    document: Document
    companions: dict[str, str] | None
    automation_role: Role
    window_role: Role
    lease_table: str | None
    assess_document: str | None
    restore: Restore | None
    news: News | None
    window: Window
    fleets: dict[str, Fleet]
    settings: Settings


def read(path: Path, name: str | None = None) -> Deployment:
    """The deployment in a JSON file: the record itself, `terraform output -json` or `terraform show -json` of a state.

    name picks one of several. Raises DeploymentError.
    """
    found = read_all(path)
    chosen = [deployment for deployment in found if name in (None, deployment.name)]
    if not chosen:
        raise DeploymentError(f"{path} holds {_without(found, name)}")
    if len(chosen) > 1:
        names = ", ".join(sorted(deployment.name for deployment in chosen))
        raise DeploymentError(f"{path} holds {len(chosen)} deployments, name one of them: {names}")
    return chosen[0]


def read_all(path: Path) -> list[Deployment]:
    """Every deployment in a JSON file, at least one. Raises DeploymentError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DeploymentError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DeploymentError(f"{path} is not JSON: {error}") from error
    return parse_text(text, str(path))


def parse_text(text: str, source: str) -> list[Deployment]:
    """Every deployment in a JSON text, at least one. source: what errors call it. Raises DeploymentError."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DeploymentError(f"{source} is not JSON: {error}") from error
    try:
        found = find(content)
    except DeploymentError as error:
        raise DeploymentError(f"{source}: {error}") from error
    if not found:
        raise DeploymentError(f"{source} holds {_without([], None)}")
    return found


def find(content: Any) -> list[Deployment]:
    """Every deployment in a parsed JSON document, once each. Raises DeploymentError for a record that is not sound."""
    if isinstance(content, dict) and "planned_values" in content:
        raise DeploymentError("this is a plan, whose ids are not known yet: give `terraform show -json` of the state")
    if isinstance(content, dict) and "serial" in content and "lineage" in content:
        raise DeploymentError("this is a state file, whose format Terraform changes: give `terraform show -json`")
    found: list[Deployment] = []
    for record in records(content):
        deployment = parse(record)
        if deployment not in found:
            found.append(deployment)
    return found


def records(content: Any) -> Iterator[dict[str, Any]]:
    """Every record in a JSON document, at any depth, unparsed: what carries our schema in its member `schema`."""
    if isinstance(content, dict):
        schema = content.get("schema")
        if isinstance(schema, str) and schema.startswith(_FAMILY):
            yield content
            return
        content = list(content.values())
    if isinstance(content, list):
        for item in content:
            yield from records(item)


def parse(record: Mapping[str, Any]) -> Deployment:
    """The typed record. Raises DeploymentError when a member is missing, unknown or of the wrong type."""
    if record.get("schema") != SCHEMA:
        raise DeploymentError(
            f"the deployment record has schema {record.get('schema')}, this albpatch reads {SCHEMA}:"
            " install the albpatch that came with the module"
        )
    return _dataclass(Deployment, record, "deployment")


def _without(found: list[Deployment], name: str | None) -> str:
    if name is None:
        return f"no deployment record ({SCHEMA}): re-export the module's output `deployment`"
    return f"no deployment named {name}, only {', '.join(sorted(d.name for d in found)) or 'none'}"


def _dataclass(kind: type[T], value: Any, where: str) -> T:
    if not isinstance(value, Mapping):
        raise DeploymentError(f"{where} must be an object, is {_kind(value)}")
    hints = get_type_hints(kind)
    unknown = sorted(set(value) - set(hints))
    if unknown:
        raise DeploymentError(f"not known here: {where}.{unknown[0]}")
    assert is_dataclass(kind)
    members = {
        field.name: _value(hints[field.name], value.get(field.name), f"{where}.{field.name}") for field in fields(kind)
    }
    return kind(**members)


def _value(kind: Any, value: Any, where: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return None if value is None else _value(next(a for a in arguments if a is not NoneType), value, where)
    if value is None:
        raise DeploymentError(f"{where} is missing")
    if is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind, value, where)
    if origin is tuple and isinstance(value, list):
        return tuple(_value(arguments[0], item, f"{where}[{number}]") for number, item in enumerate(value))
    if origin is dict and isinstance(value, Mapping):
        return {str(key): _value(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if origin is None and type(value) is kind:
        return value
    raise DeploymentError(f"{where} must be {_NAMES.get(origin or kind, 'something else')}, is {_kind(value)}")


_NAMES = {str: "a string", int: "a whole number", bool: "true or false", tuple: "a list", dict: "an object"}


def _kind(value: Any) -> str:
    return "null" if value is None else _NAMES.get(tuple if isinstance(value, list) else type(value), "a number")
