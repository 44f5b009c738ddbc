"""What the arguments of `albpatch rehearse` ask for, checked before anything runs."""

from __future__ import annotations

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path

from albpatch.errors import InputError

SCENARIO = "rehearsal.yaml"
DEFAULT_FACTOR, HIGHEST_FACTOR = 40.0, 200.0
ALL_ACTS = (1, 2, 3)
DEFAULT_ACTS = ",".join(map(str, ALL_ACTS))
COMPARED = ("plain", "aws-owned", "bundled")


@dataclass(frozen=True)
class Asked:
    """What to play.

    Attributes:
        root: the configuration; not read where `plan` is given.
        scenario: the scenario's file; not read where the fleet is generated.
        plan: a plan as JSON, in the configuration's place.
        kinds: the runbooks to put side by side in virtual time, None for the acts in scaled time. Empty: the one that
            the plan has.
        document: AWS's runbook, where it is needed.
    """

    root: Path
    scenario: Path
    acts: tuple[int, ...]
    factor: float
    plan: Path | None = None
    kinds: tuple[str, ...] | None = None
    document: Path | None = None


def asked(args: argparse.Namespace) -> Asked:
    """What the arguments ask for. Raises InputError."""
    plan = None if args.plan_json is None else Path(args.plan_json)
    root = Path(args.root) if plan is not None else _configuration(args.root)
    _excluded(args)
    scaled = args.factor is not None or args.acts is not None
    if scaled and any(given is not None for given in (args.compare, args.instances, args.plan_json)):
        raise InputError(
            "--factor and --acts belong to scaled time; --compare, --instances and --plan-json play in virtual time"
        )
    scenario = Path(args.scenario) if args.scenario else root / SCENARIO
    if args.instances is None and not scenario.is_file():
        raise InputError(f"{scenario}: there is no such scenario file; --scenario names another")
    acts, factor = _acts(args.acts), _factor(args.factor)
    if plan is None and shutil.which("terraform") is None:
        raise InputError(
            "Terraform is not on PATH: install 1.9 or newer, see https://developer.hashicorp.com/terraform"
        )
    virtual = args.compare is not None or args.instances is not None or (args.scenario and not scaled)
    if not virtual:
        return Asked(root, scenario, acts, factor)
    kinds = () if args.compare is None and plan is not None else _kinds(args.compare)
    return Asked(root, scenario, acts, factor, plan, kinds, _document(args, kinds))


def _configuration(given: str) -> Path:
    root = Path(given)
    if not root.is_dir():
        raise InputError(f"{given}: there is no such directory")
    if not any(root.glob("*.tf")) and not any(root.glob("*.tf.json")):
        raise InputError(f"{given}: holds no Terraform configuration")
    return root


def _excluded(args: argparse.Namespace) -> None:
    if args.instances is not None and args.scenario:
        raise InputError("--scenario and --instances exclude each other")
    if args.plan_json is not None and not args.scenario:
        raise InputError("--plan-json needs --scenario: what exists before the plan is applied")
    if args.instances is None and args.concurrency != 1:
        raise InputError("--concurrency belongs to --instances; a configuration says it in rate_control")


def _acts(given: str | None) -> tuple[int, ...]:
    numbers = (DEFAULT_ACTS if given is None else given).split(",")
    if not all(n.strip() in map(str, ALL_ACTS) for n in numbers):
        raise InputError(f"--acts: must be some of 1,2,3, not {given!r}")
    return tuple(sorted({int(n) for n in numbers}))


def _factor(given: float | None) -> float:
    factor = DEFAULT_FACTOR if given is None else given
    if not 1 <= factor <= HIGHEST_FACTOR:
        raise InputError(f"--factor: must be from 1 to {HIGHEST_FACTOR:g}, not {factor:g}")
    return factor


def _kinds(given: str | None) -> tuple[str, ...]:
    kinds = tuple(dict.fromkeys(kind.strip() for kind in ("bundled" if given is None else given).split(",")))
    if not all(kind in COMPARED for kind in kinds):
        raise InputError(f"--compare: must be some of {','.join(COMPARED)}, not {given!r}")
    return kinds


def _document(args: argparse.Namespace, kinds: tuple[str, ...]) -> Path | None:
    if "aws-owned" not in kinds or args.plan_json is not None:
        return None
    document = Path(args.aws_owned_document)
    if not document.is_file():
        raise InputError(f"{document}: there is no such document; --aws-owned-document names AWS's runbook")
    return document
