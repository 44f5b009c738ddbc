"""Bad states that happen to a fleet without anybody touching the deployment. Each gives back how to undo it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from account_changes import Deployed, Undo, as_text
from albpatch.region.automation.service import Automation
from albpatch.region.hosts import Hosts
from albpatch.region.services.windows import Windows

SETTLED = 900.0  # seconds after which a machine that was stopped or sick serves again


def _machine(d: Deployed, name: str = "web-2") -> str:
    return d.local.world.machines[name]


def _backend(d: Deployed, service: str, operation: str, **params: Any) -> dict[str, Any]:
    return d.local.region.backend(service, operation, params)


def set_attributes(**attributes: str) -> Callable[[Deployed], Undo]:
    """Change attributes of the fleet's target group; two underscores stand for a dot."""
    given = {name.replace("__", "."): value for name, value in attributes.items()}

    def change(d: Deployed) -> Undo:
        listed = _backend(d, "elbv2", "DescribeTargetGroupAttributes", TargetGroupArn=d.group)["Attributes"]
        before = {pair["Key"]: pair["Value"] for pair in listed if pair["Key"] in given}

        def put(values: dict[str, str]) -> None:
            pairs = [{"Key": key, "Value": value} for key, value in values.items()]
            _backend(d, "elbv2", "ModifyTargetGroupAttributes", TargetGroupArn=d.group, Attributes=pairs)

        put(given)
        return lambda: put({key: before.get(key, _UNSET[key]) for key in given})

    return change


_UNSET = {
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
}


def both(*incidents: Callable[[Deployed], Undo]) -> Callable[[Deployed], Undo]:
    """One after the other, undone in reverse."""

    def change(d: Deployed) -> Undo:
        undos = [incident(d) for incident in incidents]
        return lambda: [undo() for undo in reversed(undos)]

    return change


def lose_agent(d: Deployed) -> Undo:
    host = d.local.region.part(Hosts)[_machine(d)]
    host.lose_agent()
    d.let_pass(SETTLED)

    def undo() -> None:
        host.reboot()
        d.let_pass(SETTLED)

    return undo


def unmanage(d: Deployed) -> Undo:
    host = d.local.region.part(Hosts)[_machine(d)]
    before, host.profile = host.profile, replace(host.profile, managed=False)

    def undo() -> None:
        host.profile = before

    return undo


def stop(d: Deployed) -> Undo:
    host = d.local.region.part(Hosts)[_machine(d)]
    host.stop()

    def undo() -> None:
        host.start()
        d.let_pass(SETTLED)

    return undo


def untag(d: Deployed) -> Undo:
    tag = {"Resources": [_machine(d)], "Tags": [{"Key": "ALB", "Value": "alb01"}]}
    _backend(d, "ec2", "DeleteTags", **tag)
    return lambda: _backend(d, "ec2", "CreateTags", **tag)


def serve_elsewhere(d: Deployed) -> Undo:
    arn = make_group(d, "other")
    region, which = d.local.region, {"TargetGroupArn": arn, "Targets": [{"Id": _machine(d)}]}
    region.call(region.administrator, "elbv2", "RegisterTargets", which)

    def undo() -> None:
        region.call(region.administrator, "elbv2", "DeregisterTargets", which)
        d.let_pass(SETTLED)
        _backend(d, "elbv2", "DeleteTargetGroup", TargetGroupArn=arn)

    return undo


def serve_classic(d: Deployed) -> Undo:
    listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}
    zones = [f"{d.local.region.name}a"]
    old = {"LoadBalancerName": "old"}
    _backend(d, "elb", "CreateLoadBalancer", **old, Listeners=[listener], AvailabilityZones=zones)
    _backend(d, "elb", "RegisterInstancesWithLoadBalancer", **old, Instances=[{"InstanceId": _machine(d)}])
    return lambda: _backend(d, "elb", "DeleteLoadBalancer", **old)


def make_group(d: Deployed, name: str, **members: Any) -> str:
    """A target group that no load balancer has."""
    found = _backend(d, "ec2", "DescribeInstances", InstanceIds=[_machine(d)])
    vpc = found["Reservations"][0]["Instances"][0]["VpcId"]
    made = _backend(d, "elbv2", "CreateTargetGroup", Name=name, Protocol="HTTP", Port=81, VpcId=vpc, **members)
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def join_scaling_group(standby: bool) -> Callable[[Deployed], Undo]:
    def change(d: Deployed) -> Undo:
        named, ids = {"AutoScalingGroupName": "group"}, [_machine(d)]
        _backend(
            d,
            "autoscaling",
            "CreateLaunchConfiguration",
            LaunchConfigurationName="launch",
            ImageId="ami-12345678",
            InstanceType="t3.micro",
        )
        zones = [f"{d.local.region.name}a"]
        sizes = {"MinSize": 0, "MaxSize": 4, "DesiredCapacity": 0}
        _backend(
            d,
            "autoscaling",
            "CreateAutoScalingGroup",
            **named,
            **sizes,
            LaunchConfigurationName="launch",
            AvailabilityZones=zones,
        )
        _backend(d, "autoscaling", "AttachInstances", **named, InstanceIds=ids)
        if standby:
            _backend(d, "autoscaling", "EnterStandby", **named, InstanceIds=ids, ShouldDecrementDesiredCapacity=True)

        def undo() -> None:
            if standby:
                _backend(d, "autoscaling", "ExitStandby", **named, InstanceIds=ids)
            _backend(d, "autoscaling", "DetachInstances", **named, InstanceIds=ids, ShouldDecrementDesiredCapacity=True)
            _backend(d, "autoscaling", "DeleteAutoScalingGroup", **named, ForceDelete=True)
            _backend(d, "autoscaling", "DeleteLaunchConfiguration", LaunchConfigurationName="launch")

        return undo

    return change


def new_default(d: Deployed) -> Undo:
    """Somebody writes a version of the runbook by hand and makes it the default."""
    name = d.deployment.document.name
    described = d.ssm("DescribeDocument", Name=name)["Document"]
    written = {"Name": name, "DocumentFormat": described["DocumentFormat"]}
    text = d.ssm("GetDocument", **written)["Content"]
    made = d.ssm("UpdateDocument", **written, Content=f"{text}\n# by hand\n", DocumentVersion="$LATEST")
    version = made["DocumentDescription"]["DocumentVersion"]
    d.ssm("UpdateDocumentDefaultVersion", Name=name, DocumentVersion=version)
    return lambda: d.ssm("UpdateDocumentDefaultVersion", Name=name, DocumentVersion="1")


def forbid(d: Deployed) -> Undo:
    """The role's policy loses the permission to send commands."""
    policy = {"RoleName": d.deployment.automation_role.name, "PolicyName": "steps"}
    before = d.iam("GetRolePolicy", **policy)["PolicyDocument"]
    kept = [s for s in before["Statement"] if "ssm:SendCommand" not in s["Action"]]
    d.iam("PutRolePolicy", **policy, PolicyDocument=as_text({**before, "Statement": kept}))
    return lambda: d.iam("PutRolePolicy", **policy, PolicyDocument=as_text(before))


def bound(d: Deployed) -> Undo:
    """A permissions boundary takes away what the policy allows."""
    statement = {"Effect": "Allow", "NotAction": "elasticloadbalancing:DeregisterTargets", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = d.iam("CreatePolicy", PolicyName="bound", PolicyDocument=text)["Policy"]["Arn"]
    role = {"RoleName": d.deployment.automation_role.name}
    d.iam("PutRolePermissionsBoundary", **role, PermissionsBoundary=arn)

    def undo() -> None:
        d.iam("DeleteRolePermissionsBoundary", **role)
        d.iam("DeletePolicy", PolicyArn=arn)

    return undo


def run(d: Deployed, **parameters: list[str]) -> str:
    """Start the runbook by hand for one machine; time does not pass yet."""
    given = {"InstanceId": [_machine(d)], "TargetGroupArns": [d.group], **parameters}
    started = d.ssm("StartAutomationExecution", DocumentName=d.deployment.document.name, Parameters=given)
    return str(started["AutomationExecutionId"])


def under_way(d: Deployed) -> Undo:
    execution = run(d)

    def undo() -> None:
        d.local.region.clock.run(d.local.region.clock.spawn("end", d.local.region.part(Automation).wait, execution))

    return undo


def left_out(state: str, **more: str) -> Callable[[Deployed], Undo]:
    """An open record whose owner is an execution that nobody knows any more; more are other members of it."""

    def change(d: Deployed) -> Undo:
        name, owner = _machine(d), "00000000-0000-0000-0000-000000000000"
        group = {"Arn": d.group, "Targets": [{"Id": name, "Port": 80}], "Healthy": []}
        texts = {"Id": f"INSTANCE#{name}", "LeaseOwner": owner, "LeaseState": state, "LeaseToken": "1", "Roll": "r"}
        texts |= {"Since": "1767225600", "Record": json.dumps([group]), "RecordSchema": "1", "PatchedBy": owner}
        return put_item({key: {"S": value} for key, value in {**texts, **more}.items()})(d)

    return change


def put_item(item: dict[str, Any]) -> Callable[[Deployed], Undo]:
    """Something in the lease table; GROUP in its Id stands for the ARN of the fleet's target group."""

    def change(d: Deployed) -> Undo:
        table, key = str(d.deployment.lease_table), {"Id": {"S": item["Id"]["S"].replace("GROUP", d.group)}}
        _backend(d, "dynamodb", "PutItem", TableName=table, Item={**item, **key})
        return lambda: _backend(d, "dynamodb", "DeleteItem", TableName=table, Key=key)

    return change


def working(d: Deployed) -> Undo:
    """An execution that has taken its lease and is at work."""
    execution, wait = run(d), d.local.region.part(Automation).wait
    d.let_pass(120.0)

    def undo() -> None:
        d.local.region.clock.run(d.local.region.clock.spawn("end", wait, execution))

    return undo


def expire(d: Deployed) -> Undo:
    table = {"TableName": str(d.deployment.lease_table)}

    def put(enabled: bool) -> None:
        wanted = {"Enabled": enabled, "AttributeName": "Until"}
        _backend(d, "dynamodb", "UpdateTimeToLive", **table, TimeToLiveSpecification=wanted)

    put(True)
    return lambda: put(False)


def unprotect(d: Deployed) -> Undo:
    table = {"TableName": str(d.deployment.lease_table)}

    def put(enabled: bool) -> None:
        wanted = {"PointInTimeRecoveryEnabled": enabled}
        _backend(d, "dynamodb", "UpdateContinuousBackups", **table, PointInTimeRecoverySpecification=wanted)

    put(False)
    return lambda: put(True)


def forbid_restore(d: Deployed) -> Undo:
    """The restore runbook's role may not read its table any more."""
    assert d.deployment.restore is not None
    policy = {"RoleName": d.deployment.restore.role.name, "PolicyName": "steps"}
    before = d.iam("GetRolePolicy", **policy)["PolicyDocument"]
    denied = {"Effect": "Deny", "Action": ["dynamodb:GetItem"], "Resource": ["*"]}
    changed = {**before, "Statement": [*before["Statement"], denied]}
    d.iam("PutRolePolicy", **policy, PolicyDocument=as_text(changed))
    return lambda: d.iam("PutRolePolicy", **policy, PolicyDocument=as_text(before))


def failed(d: Deployed) -> Undo:
    """An execution that finds a target group that does not exist; one that goes well makes up for it."""
    wait = d.local.region.part(Automation).wait
    gone = d.group.replace("web/", "gone/")
    d.local.region.clock.run(d.local.region.clock.spawn("end", wait, run(d, TargetGroupArns=[gone])))

    def undo() -> None:
        d.local.region.clock.run(d.local.region.clock.spawn("end", wait, run(d)))

    return undo


def overlap(d: Deployed) -> Undo:
    """The window is to open again while it is open; the first opening goes on to its end."""
    windows, clock = d.local.region.part(Windows), d.local.region.clock
    first = windows.fire(d.deployment.window.id)
    clock.run(clock.spawn("time", clock.sleep, 1.0))
    windows.fire(d.deployment.window.id)

    def undo() -> None:
        clock.run(clock.spawn("end", windows.wait, first))
        clock.run(clock.spawn("again", lambda: windows.wait(windows.fire(d.deployment.window.id))))

    return undo


def disable_rule(d: Deployed) -> Undo:
    """Somebody silences the rule that starts the restore runbook."""
    assert d.deployment.restore is not None
    rule = {"Name": d.deployment.restore.events.rule}
    _backend(d, "events", "DisableRule", **rule)
    return lambda: _backend(d, "events", "EnableRule", **rule)


def retarget_rule(d: Deployed) -> Undo:
    """The rule starts something else."""
    assert d.deployment.restore is not None
    rule = {"Rule": d.deployment.restore.events.rule}
    before = _backend(d, "events", "ListTargetsByRule", **rule)["Targets"]
    other = [{**target, "Arn": target["Arn"].replace("restore", "other")} for target in before]
    _backend(d, "events", "PutTargets", **rule, Targets=other)
    return lambda: _backend(d, "events", "PutTargets", **rule, Targets=before)


def bury(d: Deployed) -> Undo:
    """An event for which the restore runbook was not started."""
    assert d.deployment.restore is not None
    url = _backend(d, "sqs", "GetQueueUrl", QueueName=d.deployment.restore.events.queue)
    _backend(d, "sqs", "SendMessage", QueueUrl=url["QueueUrl"], MessageBody="{}")
    return lambda: _backend(d, "sqs", "PurgeQueue", QueueUrl=url["QueueUrl"])


def forbid_start(d: Deployed) -> Undo:
    """The rules' role loses its policy."""
    assert d.deployment.restore is not None
    policy = {"RoleName": d.deployment.restore.events.role.name, "PolicyName": "start-restore"}
    before = d.iam("GetRolePolicy", **policy)["PolicyDocument"]
    d.iam("DeleteRolePolicy", **policy)
    return lambda: d.iam("PutRolePolicy", **policy, PolicyDocument=as_text(before))
