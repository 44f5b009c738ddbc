"""The little of AWS that the runbook's scripts see, with a clock that moves only when a script sleeps."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from unit.scripts.errors import MODELS, exceptions_of, refused
from unit.scripts.table import Table

START = 1_800_000_000.0
ME, VPC = "i-0123456789abcdef0", "vpc-0123456789abcdef0"
BALANCER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/front/0123456789abcdef"
EXECUTION = "11111111-2222-3333-4444-555555555555"


def moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def arn(name: str) -> str:
    return f"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/{name}/0123456789abcdef"


class Clock:
    """Stands in for the module `time`. `at` runs something at a moment."""

    def __init__(self) -> None:
        self.now, self._later = START, list[tuple[float, Callable[[], None]]]()

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
        due = [entry for entry in self._later if entry[0] <= self.now]
        self._later = [entry for entry in self._later if entry[0] > self.now]
        for _, work in due:
            work()

    def at(self, after: float, work: Callable[[], None]) -> None:
        self._later.append((START + after, work))


class World:
    """Target groups, instances, commands, patch states and one automation execution."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.table = Table()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.errors: dict[str, list[str | None]] = {}
        self.groups: dict[str, dict[str, Any]] = {}
        self.targets: dict[str, list[dict[str, Any]]] = {}
        self.instances: dict[str, dict[str, Any]] = {}
        self.agents: dict[str, dict[str, Any]] = {}
        self.states: list[dict[str, Any]] = []
        self.commands: list[dict[str, Any]] = []
        self.steps: list[dict[str, Any]] = []
        self.parent = ""
        self.executions: dict[str, dict[str, Any]] = {}
        self.balancers: dict[str, list[str]] = {BALANCER: ["subnet-a", "subnet-c"]}
        self.subnets: dict[str, dict[str, Any]] = {
            "subnet-a": {"CidrBlock": "10.0.0.0/24"},
            "subnet-c": {
                "CidrBlock": "10.0.1.0/24",
                "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2001:db8::/64"}],
            },
        }
        self.events: list[dict[str, Any]] = []
        self.deaf: set[str] = set()
        self.windows: dict[str, float] = {}  # window execution -> its start
        self.alarms: dict[str, tuple[str, str]] = {}  # name -> kind and state
        self.scan_exit: Callable[[], int] = lambda: 0
        self.instance(ME)

    # What a test sets up

    def instance(self, name: str, zone: str = "eu-west-1a", state: str = "running", **more: Any) -> None:
        address = f"10.0.0.{len(self.instances) + 10}"
        basics = {"InstanceId": name, "State": {"Name": state}, "VpcId": VPC, "PrivateIpAddress": address}
        self.instances[name] = {**basics, "Placement": {"AvailabilityZone": zone}, **more}
        known = {"InstanceId": name, "PingStatus": "Online", "PlatformType": "Linux"}
        self.agents[name] = {**known, "LastPingDateTime": moment(START - 60)}

    def group(
        self, name: str, *targets: tuple[str, int, str], attributes: dict[str, str] | None = None, **more: Any
    ) -> str:
        """A target group with targets (instance, port, state). Returns its ARN."""
        basics = {"TargetGroupArn": arn(name), "TargetType": "instance", "Protocol": "HTTP", "VpcId": VPC}
        basics |= {"LoadBalancerArns": [BALANCER], "HealthCheckIntervalSeconds": 30}
        defaults = {
            "deregistration_delay.timeout_seconds": "300",
            "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
            "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
            "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
        }
        self.groups[arn(name)] = {**basics, **more, "Attributes": {**defaults, **(attributes or {})}}
        self.targets[arn(name)] = [self._target(*target) for target in targets]
        for target, _, _ in targets:
            if target.startswith("i-") and target not in self.instances:
                self.instance(target)
        return arn(name)

    def _target(self, name: str, port: int, state: str) -> dict[str, Any]:
        return {"Target": {"Id": name, "Port": port}, "TargetHealth": {"State": state}}

    def state(self, name: str, port: int, group: str, state: str | None) -> None:
        """Make a target show a state; None removes it."""
        others = [d for d in self.targets[group] if d["Target"] != {"Id": name, "Port": port}]
        self.targets[group] = others + ([self._target(name, port, state)] if state else [])

    def shown(self, group: str, name: str = ME) -> dict[int, str]:
        return {
            d["Target"]["Port"]: d["TargetHealth"]["State"] for d in self.targets[group] if d["Target"]["Id"] == name
        }

    def patch_state(self, operation: str, start: float, **counts: int) -> None:
        times = {"OperationStartTime": moment(START + start), "OperationEndTime": moment(START + start + 20)}
        found = {"InstanceId": ME, "Operation": operation, "MissingCount": 0, "FailedCount": 0, **times, **counts}
        self.states = [found]

    def command(
        self, comment: str, status: str, details: str = "", sent: float = 0, code: int = 0, **more: Any
    ) -> None:
        plugins = [{"Name": "PatchWindows", "Status": "Success", "ResponseCode": 0}]
        plugins.append({"Name": "PatchLinux", "Status": status, "ResponseCode": code})
        found = {"CommandId": f"command-{len(self.commands)}", "InstanceId": ME, "Comment": comment, "Status": status}
        found |= {"StatusDetails": details or status, "DocumentName": "AWS-RunPatchBaseline", "CommandPlugins": plugins}
        self.commands.append({**found, "RequestedDateTime": moment(START + sent), **more})

    def step(self, name: str, status: str = "Success", message: str = "", ended: float = 0, **outputs: str) -> None:
        found = {"StepName": name, "StepStatus": status, "Outputs": {key: [value] for key, value in outputs.items()}}
        if status not in ("Pending", "InProgress"):
            found["ExecutionEndTime"] = moment(START + ended)
        self.steps.append({**found, **({"FailureMessage": message} if message else {})})

    def fail(self, operation: str, *codes: str | None) -> None:
        """The next calls of `service.Operation` raise these codes, None meaning success."""
        self.errors.setdefault(operation, []).extend(codes)

    def made(self, *operations: str) -> list[dict[str, Any]]:
        return [params for name, params in self.calls if name.split(".")[1] in operations]

    # What a script sees

    def client(self, service: str, config: Any = None) -> Client:
        assert config is not None and config.retries["mode"] == "standard"
        return Client(self, service)

    def call(self, service: str, operation: str, params: dict[str, Any]) -> Any:
        name = f"{service}.{operation}"
        model = MODELS[service].operation_model(operation)
        if operation == "TransactWriteItems":
            params = {"ClientRequestToken": "as botocore does", **params}
        report = ParamValidator().validate(params, model.input_shape)
        assert not report.has_errors(), report.generate_report()
        self.calls.append((name, json.loads(json.dumps(params))))
        code = self.errors[name].pop(0) if self.errors.get(name) else None
        if code:
            raise refused(service, operation, code)
        return getattr(self, f"_{operation}")(params)

    def _GetItem(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        return self.table.get_item(params)

    def _Scan(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        return self.table.scan(params)

    def _UpdateItem(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        return self.table.update_item(params)

    def _TransactWriteItems(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        return self.table.transact_write_items(params)

    def _DescribeInstances(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        [wanted] = params["Filters"]
        assert wanted["Name"] == "instance-id" and len(wanted["Values"]) <= 200
        found = [self.instances[name] for name in wanted["Values"] if name in self.instances]
        return {"Reservations": [{"Instances": [instance]} for instance in found]}

    def _DescribeInstanceInformation(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        [wanted] = params["Filters"]
        return {"InstanceInformationList": [self.agents[name] for name in wanted["Values"] if name in self.agents]}

    def _DescribeInstancePatchStates(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        return {"InstancePatchStates": [state for state in self.states if state["InstanceId"] in params["InstanceIds"]]}

    def _ListCommandInvocations(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        hidden = () if params.get("Details") else ("CommandPlugins",)
        found = [{k: v for k, v in command.items() if k not in hidden} for command in self.commands]
        return {"CommandInvocations": [command for command in found if command["InstanceId"] == params["InstanceId"]]}

    def _SendCommand(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        assert params["DocumentName"] == "AWS-RunPatchBaseline" and params["Parameters"] == {"Operation": ["Scan"]}
        code, sent = self.scan_exit(), self.clock.now - START
        self.command(params["Comment"], "InProgress", sent=sent, code=code)
        status = "Failed" if code else "Success"
        self.clock.at(sent + 20, lambda: self.commands[-1].update(Status=status, StatusDetails=status))
        return {"Command": {"CommandId": self.commands[-1]["CommandId"]}}

    def _GetAutomationExecution(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        name = params["AutomationExecutionId"]
        if name == EXECUTION:
            parent = {"ParentAutomationExecutionId": self.parent} if self.parent else {}
            return {"AutomationExecution": {"StepExecutions": self.steps, **parent}}
        if name not in self.executions:
            error = {"Code": "AutomationExecutionNotFoundException", "Message": ""}
            raise ClientError({"Error": error}, "GetAutomationExecution")
        return {"AutomationExecution": dict(self.executions[name])}

    def _StartAutomationExecution(self, _params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        return {"AutomationExecutionId": "restoring"}

    def _DescribeTargetGroups(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        wanted = params.get("TargetGroupArns", list(self.groups))
        if any(name not in self.groups for name in wanted):
            raise ClientError({"Error": {"Code": "TargetGroupNotFound", "Message": ""}}, "DescribeTargetGroups")
        return {"TargetGroups": [{k: v for k, v in self.groups[name].items() if k != "Attributes"} for name in wanted]}

    def _DescribeLoadBalancers(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        found = [self.balancers[name] for name in params["LoadBalancerArns"]]
        return {"LoadBalancers": [{"AvailabilityZones": [{"SubnetId": one} for one in ids]} for ids in found]}

    def _DescribeSubnets(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        return {"Subnets": [self.subnets[name] for name in params["SubnetIds"]]}

    def _DescribeTargetGroupAttributes(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        pairs = self.groups[params["TargetGroupArn"]]["Attributes"].items()
        return {"Attributes": [{"Key": key, "Value": value} for key, value in pairs]}

    def _DescribeTargetHealth(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        return {"TargetHealthDescriptions": json.loads(json.dumps(self.targets[params["TargetGroupArn"]]))}

    def _RegisterTargets(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        for target in params["Targets"]:
            assert "AvailabilityZone" not in target, "not supported for targets of type instance"
            self.state(target["Id"], target["Port"], params["TargetGroupArn"], "initial")
        return {}

    def _DeregisterTargets(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        known = [d["Target"] for d in self.targets[params["TargetGroupArn"]]]
        for target in params["Targets"]:
            if target in known and params["TargetGroupArn"] not in self.deaf:
                self.state(target["Id"], target["Port"], params["TargetGroupArn"], "draining")
        return {}

    def _GetMaintenanceWindowExecution(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        if params["WindowExecutionId"] not in self.windows:
            error = {"Code": "DoesNotExistException", "Message": "no such window execution"}
            raise ClientError({"Error": error}, "GetMaintenanceWindowExecution")
        return {"StartTime": moment(self.windows[params["WindowExecutionId"]])}

    def _DescribeAlarms(self, params: dict[str, Any]) -> list[dict[str, Any]]:  # noqa: N802 - AWS's name
        kinds = params.get("AlarmTypes", ["MetricAlarm"])
        found = [(kind, name, state) for name, (kind, state) in self.alarms.items() if name in params["AlarmNames"]]
        none: dict[str, Any] = {"MetricAlarms": [], "CompositeAlarms": []}
        one_each = [{f"{k}s": [{"AlarmName": n, "StateValue": s}]} for k, n, s in found if k in kinds]
        return [{**none, **page} for page in one_each] or [none]

    def _PutEvents(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        self.events += [{**entry, "Detail": json.loads(entry["Detail"])} for entry in params["Entries"]]
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in params["Entries"]]}


class Client:
    """A boto3 client of one service. Pages hold one item each."""

    def __init__(self, world: World, service: str) -> None:
        self._world, self._service = world, service
        self._operations = {xform_name(name): name for name in MODELS[service].operation_names}
        self.exceptions = exceptions_of(service)

    def __getattr__(self, method: str) -> Any:
        if method not in self._operations:
            raise AttributeError(method)
        return lambda **params: self._world.call(self._service, self._operations[method], params)

    def get_paginator(self, method: str) -> Any:
        return Pages(self, method)


class Pages:
    def __init__(self, client: Client, method: str) -> None:
        self._client, self._method = client, method

    def paginate(self, **params: Any) -> list[dict[str, Any]]:
        answer = getattr(self._client, self._method)(**params)
        if isinstance(answer, list):
            return answer
        [(key, items)] = answer.items()
        return [{key: [item]} for item in items] or [{key: []}]
