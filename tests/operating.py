"""An operator at the command line, in the region of a tested night."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from albpatch import cli, settings
from albpatch.operate import session
from albpatch.operate.session import Session
from albpatch.region.automation.service import Automation
from albpatch.region.core import Region
from albpatch.region.services.windows import Windows
from albpatch.region.transport import in_process
from albpatch.rehearsal.deployment import records, retarget
from albpatch.rehearsal.from_plan import Loaded
from albpatch.rehearsal.nights import Night
from albpatch.rehearsal.world import World
from albpatch.report.model import Held

GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# Nobody hears of a death: what the event would start is the operator's to start.
UNHEARD = [{"lose": "EC2 Automation Execution Status-change Notification", "times": "for ever"}]
Refusal = Callable[[str, str], str | None]


class Boto:
    """A boto3 session whose clients end in a region of this process. `made` lists what was asked for."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self.caller = region.administrator
        self.made: set[tuple[str, str]] = set()
        self.refuse: Refusal = lambda _service, _operation: None

    def client(self, service: str, region_name: str, config: Any) -> Any:
        assert region_name == self._region.name
        # Who he is everybody may ask.
        caller = self._region.administrator if service == "sts" else self.caller
        client = in_process.client(self._region, caller, service, config)
        make = client._make_api_call

        def watched(operation: str, params: dict[str, Any]) -> Any:
            self.made.add((service, operation))
            if code := self.refuse(service, operation):
                raise ClientError({"Error": {"Code": code, "Message": "not for you"}}, operation)
            return make(operation, params)

        client._make_api_call = watched
        return client


@dataclass
class Said:
    """What a verb answered."""

    status: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """The output without its line breaks."""
        return " ".join(self.out.split())

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Operator:
    """Calls verbs with a deployment file, in the region's time. To be used from an activity of the region."""

    def __init__(self, plan: Any, region: Region, world: World, loaded: Loaded, tools: Tools) -> None:
        self.region, self.world, self.loaded = region, world, loaded
        self.boto, self._tools = Boto(region), tools
        self.record = recorded(plan, world, loaded, tools.fleets)
        self.file = tools.folder / "deployment.json"
        self.write(self.record)
        self.sleep: Callable[[float], None] = region.clock.sleep
        tools.patch.setattr(session, "opened", self.opened)

    def write(self, record: dict[str, Any]) -> None:
        self.file.write_text(json.dumps(record))

    def opened(self, found: settings.Deployment) -> Session:
        return Session(found, self.boto, self.now, self.sleep)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.region.clock.time(), UTC)

    def __call__(self, verb: str, *args: str) -> Said:
        self._tools.capsys.readouterr()
        self.boto.made.clear()
        status = cli.main([verb, *args, "--deployment", str(self.file)])
        captured = self._tools.capsys.readouterr()
        return Said(status, captured.out, captured.err)

    def instance(self, machine: str) -> str:
        return self.world.machines[machine]

    def answers(self, *answers: str | None) -> None:
        """From here on a person sits at a terminal and answers so; None: Ctrl-D."""
        left = list(answers)

        def answer(_question: str) -> str:
            given = left.pop(0)
            if given is None:
                raise EOFError
            return given

        self._tools.patch.setattr("builtins.input", answer)
        self._tools.patch.setattr("sys.stdin.isatty", lambda: True, raising=False)

    def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        """As somebody else with every right."""
        return self.region.call(self.region.administrator, service, operation, params)

    def items(self) -> dict[str, dict[str, Any]]:
        """What stands in the lease table, by key."""
        (table,) = self.loaded.tables.values()
        found = self.region.backend("dynamodb", "Scan", {"TableName": table})["Items"]
        plain = [{name: next(iter(value.values())) for name, value in item.items()} for item in found]
        return {item["Id"]: item for item in plain}


@dataclass
class Tools:
    """What a test lends the operator."""

    folder: Path
    patch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    fleets: tuple[str, ...] = field(default=("web",))


def recorded(plan: Any, world: World, loaded: Loaded, fleets: tuple[str, ...]) -> dict[str, Any]:
    """What the module would have recorded, with these fleets only."""
    record = deepcopy(records(retarget(plan, world))[0])
    (record["window"]["id"],) = loaded.window_ids
    record["document"]["version"] = "1"
    record["fleets"] = {name: record["fleets"][name] for name in fleets}
    for member, found in (("target_id", loaded.targets), ("task_id", loaded.tasks)):
        for name in fleets:
            (record["fleets"][name][member],) = [i for address, i in found.items() if f'["{name}"]' in address]
    return record


def started(said: Said) -> str:
    """The roll that a start names."""
    assert said.status == 0, said.err
    found = re.search(rf"Started roll ({GUID})", said.out)
    assert found is not None
    return found[1]


def fire(o: Operator) -> str:
    """The window opens."""
    (window,) = o.loaded.window_ids
    return o.region.part(Windows).fire(window)


def until(o: Operator, step: str) -> tuple[str, str]:
    """Let time pass until an execution is at this step: its id and its instance."""
    automation = o.region.part(Automation)
    for _ in range(2000):
        for execution in automation.executions.values():
            if not execution.over and execution.current is not None and execution.current.step.name == step:
                return execution.id, (execution.target or execution.given.get("InstanceId", [""])[0])
        o.region.clock.sleep(1)
    raise AssertionError(f"nobody came to {step}")


def kept(played: Night) -> None:
    """Floor, exact return, and no lost request if there was a reboot."""
    held = {id: played.promises[id].held for id in ("C2", "C3", "C4")}
    assert (held["C2"], held["C3"]) == (Held.HELD, Held.HELD)
    assert held["C4"] in (Held.HELD, Held.NOT_EXERCISED) and played.lost == 0


def turns(o: Operator) -> dict[str, tuple[str, str]]:
    """Machine -> its fleet and how its turn went, by `status`."""
    listed = o("status", "--format", "json").json["roll"]["turns"]
    return {o.world.machine_name(t["instance"]): (t["fleet"], t["outcome"]) for t in listed}
