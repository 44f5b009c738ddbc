"""One registry of operations, two ways to reach it: a client in process and one over HTTP get the same answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from albpatch.region.automation.service import Automation
from albpatch.region.core import load_services
from albpatch.region.operations import OPERATIONS
from albpatch.region.services.alarms import Alarms
from albpatch.region.services.calendars import Calendars
from albpatch.region.services.documents import Documents
from albpatch.region.services.windows import Windows
from albpatch.region.transport import http, in_process
from data_plane import Fleet

CONTENT = json.dumps(
    {
        "schemaVersion": "0.3",
        "parameters": {"InstanceId": {"type": "String"}},
        "mainSteps": [
            {"name": "Wait", "action": "aws:sleep", "inputs": {"Duration": "PT1M"}, "isEnd": True},
        ],
    }
)
WINDOW = {
    "Name": "night",
    "Schedule": "rate(7 days)",
    "Duration": 4,
    "Cutoff": 1,
    "AllowUnassociatedTargets": False,
    "StartDate": "2026-01-01T00:00:00Z",
}
TASK = {
    "TaskType": "AUTOMATION",
    "TaskArn": "patch",
    "ServiceRoleArn": "arn:aws:iam::123456789012:role/window",
    "MaxConcurrency": "1",
    "MaxErrors": "0",
    "Priority": 10,
    "CutoffBehavior": "CANCEL_TASK",
    "TaskInvocationParameters": {"Automation": {"Parameters": {"InstanceId": ["{{RESOURCE_ID}}"]}}},
}
ID = "00000000-0000-4000-8000-000000000000"
READ = {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"}


def policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class World:
    """A region with one of everything, in which a window has been open once. Every method makes something anew."""

    def __init__(self) -> None:
        self.fleet = Fleet(2)
        self.region = self.fleet.region
        self.group = self.fleet.group()
        self.fleet.register(self.group, *self.fleet.ids)
        self.region.part(Documents).add_aws_owned("AWSEC2-Example", CONTENT)
        self.document = self.new_document("patch")
        self.table = "items"
        self.fleet.make(
            "dynamodb",
            "CreateTable",
            TableName=self.table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
        )
        self.window = self.new_window()
        self.target = self.new_target()
        self.task = self.new_task()
        query = {"ResourceTypeFilters": ["AWS::EC2::Instance"], "TagFilters": [{"Key": "ALB", "Values": ["alb0"]}]}
        resource_query = {"Type": "TAG_FILTERS_1_0", "Query": json.dumps(query)}
        self.fleet.make("resource-groups", "CreateGroup", Name="web", ResourceQuery=resource_query)
        listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}
        zones = {"Listeners": [listener], "AvailabilityZones": [f"{self.region.name}a"]}
        self.fleet.make("elb", "CreateLoadBalancer", LoadBalancerName="old", **zones)
        self.topic = str(self.fleet.make("sns", "CreateTopic", Name="news")["TopicArn"])
        self.queue = str(self.fleet.make("sqs", "CreateQueue", QueueName="letters")["QueueUrl"])
        self.rule = "sweep"
        self.fleet.make("events", "PutRule", Name=self.rule, ScheduleExpression="rate(6 hours)")
        self.region.part(Alarms).set("any", "ALARM", "CompositeAlarm")
        self.region.part(Calendars).set("freeze", "CLOSED")
        self.command = self.new_command()
        windows = self.region.part(Windows)
        self.opening = windows.fire(self.window)
        self.region.clock.run()
        self.task_execution = windows.get(self.opening).tasks[0].id
        self.execution = next(iter(self.region.part(Automation).executions))
        self._count = 0
        self.reader: str | None = None
        self.policy_arn: str | None = None

    def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        return self.region.call(self.region.administrator, service, operation, params)

    def new_document(self, name: str) -> str:
        self.call("ssm", "CreateDocument", Name=name, Content=CONTENT, DocumentType="Automation")
        return name

    def new_name(self) -> str:
        self._count += 1
        return f"document-{self._count}"

    def new_window(self) -> str:
        return self.call("ssm", "CreateMaintenanceWindow", **WINDOW)["WindowId"]

    def target_of(self, instance_ids: list[str]) -> dict[str, Any]:
        return {"ResourceType": "INSTANCE", "Targets": [{"Key": "InstanceIds", "Values": instance_ids}], "Name": "web"}

    def new_target(self) -> str:
        target = {"WindowId": self.window, **self.target_of(self.fleet.ids[:1])}
        return self.call("ssm", "RegisterTargetWithMaintenanceWindow", **target)["WindowTargetId"]

    def task_members(self) -> dict[str, Any]:
        return {**TASK, "WindowId": self.window, "Targets": [{"Key": "WindowTargetIds", "Values": [self.target]}]}

    def new_task(self) -> str:
        return self.call("ssm", "RegisterTaskWithMaintenanceWindow", **self.task_members())["WindowTaskId"]

    def new_opening(self) -> str:
        """A window that is open: time does not pass while its execution is asked for."""
        return self.region.part(Windows).fire(self.new_window())

    def new_execution(self) -> str:
        params = {"InstanceId": [self.fleet.ids[1]]}
        started = self.call("ssm", "StartAutomationExecution", DocumentName=self.document, Parameters=params)
        return started["AutomationExecutionId"]

    def new_command(self) -> str:
        return self.call("ssm", "SendCommand", **self.command_members())["Command"]["CommandId"]

    def balancer(self) -> str:
        members = {"Name": self.new_name(), "Subnets": self.fleet.subnet_ids, "Scheme": "internal"}
        made = self.fleet.make("elbv2", "CreateLoadBalancer", **members)
        return str(made["LoadBalancers"][0]["LoadBalancerArn"])

    def role(self) -> str:
        """The one role, with an inline and a managed policy."""
        if self.reader is None:
            make, self.reader = self.fleet.make, "reader"
            trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ssm.amazonaws.com"}}
            make("iam", "CreateRole", RoleName=self.reader, AssumeRolePolicyDocument=policy(trust))
            make("iam", "PutRolePolicy", RoleName=self.reader, PolicyName="inline", PolicyDocument=policy(READ))
            make("iam", "AttachRolePolicy", RoleName=self.reader, PolicyArn=self.managed())
        return self.reader

    def managed(self) -> str:
        if self.policy_arn is None:
            made = self.fleet.make("iam", "CreatePolicy", PolicyName="managed", PolicyDocument=policy(READ))
            self.policy_arn = str(made["Policy"]["Arn"])
        return self.policy_arn

    def command_members(self) -> dict[str, Any]:
        scan = {"Operation": ["Scan"]}
        return {"DocumentName": "AWS-RunPatchBaseline", "InstanceIds": self.fleet.ids[:1], "Parameters": scan}


Sample = Callable[[World], dict[str, Any]]
SAMPLES: dict[tuple[str, str], Sample] = {
    ("autoscaling", "DescribeAutoScalingInstances"): lambda w: {"InstanceIds": w.fleet.ids},
    ("cloudwatch", "DescribeAlarms"): lambda _: {
        "AlarmNames": ["any", "nobody"],
        "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
    },
    ("cloudwatch", "PutMetricData"): lambda _: {
        "Namespace": "Mine",
        "MetricData": [{"MetricName": "Out", "Value": 1.0, "Dimensions": [{"Name": "Table", "Value": "items"}]}],
    },
    ("ec2", "DescribeInstances"): lambda w: {"InstanceIds": w.fleet.ids[:1]},
    ("ec2", "RunInstances"): lambda w: {
        "ImageId": "ami-12c6146b",
        "MinCount": 1,
        "MaxCount": 1,
        "SubnetId": w.fleet.subnet_ids[0],
        "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"Encrypted": True}}],
    },
    ("ec2", "DescribeSecurityGroupRules"): lambda _: {"MaxResults": 5},
    ("ec2", "MonitorInstances"): lambda w: {"InstanceIds": w.fleet.ids},
    ("elb", "DescribeLoadBalancers"): lambda _: {"LoadBalancerNames": ["old"]},
    ("ec2", "DescribeSubnets"): lambda w: {"SubnetIds": w.fleet.subnet_ids},
    ("elbv2", "DescribeLoadBalancers"): lambda w: {"LoadBalancerArns": [w.fleet.balancers[w.group]]},
    ("elbv2", "DescribeLoadBalancerAttributes"): lambda w: {"LoadBalancerArn": w.balancer()},
    ("elbv2", "DeregisterTargets"): lambda w: {"TargetGroupArn": w.group, "Targets": [{"Id": "i-0123456789abcdef0"}]},
    ("elbv2", "RegisterTargets"): lambda w: {"TargetGroupArn": w.group, "Targets": [{"Id": w.fleet.ids[0]}]},
    ("elbv2", "DescribeTargetHealth"): lambda w: {"TargetGroupArn": w.group},
    ("elbv2", "DescribeTargetGroups"): lambda w: {"TargetGroupArns": [w.group]},
    ("elbv2", "DescribeTargetGroupAttributes"): lambda w: {"TargetGroupArn": w.group},
    ("dynamodb", "DeleteItem"): lambda w: {"TableName": w.table, "Key": {"Id": {"S": "c"}}},
    ("dynamodb", "DescribeContinuousBackups"): lambda w: {"TableName": w.table},
    ("dynamodb", "DescribeTable"): lambda w: {"TableName": w.table},
    ("dynamodb", "DescribeTimeToLive"): lambda w: {"TableName": w.table},
    ("dynamodb", "GetItem"): lambda w: {"TableName": w.table, "Key": {"Id": {"S": "a"}}},
    ("dynamodb", "Scan"): lambda w: {"TableName": w.table, "ConsistentRead": True},
    ("dynamodb", "TransactWriteItems"): lambda w: {
        "TransactItems": [{"Delete": {"TableName": w.table, "Key": {"Id": {"S": "b"}}}}]
    },
    ("dynamodb", "UpdateItem"): lambda w: {
        "TableName": w.table,
        "Key": {"Id": {"S": "a"}},
        "UpdateExpression": "SET Said = :text",
        "ExpressionAttributeValues": {":text": {"S": "b"}},
    },
    ("events", "DescribeRule"): lambda w: {"Name": w.rule},
    ("events", "ListTargetsByRule"): lambda w: {"Rule": w.rule},
    ("sqs", "GetQueueAttributes"): lambda w: {"QueueUrl": w.queue, "AttributeNames": ["ApproximateNumberOfMessages"]},
    ("sqs", "GetQueueUrl"): lambda _: {"QueueName": "letters"},
    ("events", "PutEvents"): lambda _: {"Entries": [{"Source": "me", "DetailType": "kind", "Detail": '{"a": 1}'}]},
    ("iam", "GetRole"): lambda w: {"RoleName": w.role()},
    ("iam", "ListRolePolicies"): lambda w: {"RoleName": w.role()},
    ("iam", "ListAttachedRolePolicies"): lambda w: {"RoleName": w.role()},
    ("iam", "GetRolePolicy"): lambda w: {"RoleName": w.role(), "PolicyName": "inline"},
    ("iam", "GetPolicy"): lambda w: {"PolicyArn": w.managed()},
    ("iam", "GetPolicyVersion"): lambda w: {"PolicyArn": w.managed(), "VersionId": "v1"},
    ("resource-groups", "ListGroupResources"): lambda _: {"Group": "web"},
    ("sns", "GetTopicAttributes"): lambda w: {"TopicArn": w.topic},
    ("sns", "Publish"): lambda w: {"TopicArn": w.topic, "Subject": "End", "Message": "All is well."},
    ("sts", "GetCallerIdentity"): lambda _: {},
    ("ssm", "AddTagsToResource"): lambda w: {
        "ResourceType": "MaintenanceWindow",
        "ResourceId": w.window,
        "Tags": [{"Key": "a", "Value": "b"}],
    },
    ("ssm", "RemoveTagsFromResource"): lambda w: {
        "ResourceType": "MaintenanceWindow",
        "ResourceId": w.window,
        "TagKeys": ["never"],
    },
    ("ssm", "ListTagsForResource"): lambda w: {"ResourceType": "MaintenanceWindow", "ResourceId": w.window},
    ("ssm", "SendCommand"): lambda w: w.command_members(),
    ("ssm", "CancelCommand"): lambda w: {"CommandId": w.command},
    ("ssm", "ListCommands"): lambda w: {"CommandId": w.command},
    ("ssm", "ListCommandInvocations"): lambda w: {"CommandId": w.command, "Details": True},
    ("ssm", "GetCommandInvocation"): lambda w: {
        "CommandId": w.command,
        "InstanceId": w.fleet.ids[0],
        "PluginName": "PatchLinux",
    },
    ("ssm", "DescribeInstanceInformation"): lambda _: {},
    ("ssm", "DescribeInstancePatchStates"): lambda w: {"InstanceIds": w.fleet.ids},
    ("ssm", "StartAutomationExecution"): lambda w: {
        "DocumentName": w.document,
        "Parameters": {"InstanceId": w.fleet.ids[:1]},
    },
    ("ssm", "StopAutomationExecution"): lambda w: {"AutomationExecutionId": w.new_execution()},
    ("ssm", "GetAutomationExecution"): lambda w: {"AutomationExecutionId": w.execution},
    ("ssm", "DescribeAutomationExecutions"): lambda w: {"Filters": [{"Key": "ExecutionId", "Values": [w.execution]}]},
    ("ssm", "DescribeAutomationStepExecutions"): lambda w: {"AutomationExecutionId": w.execution},
    ("ssm", "CreateDocument"): lambda w: {"Name": w.new_name(), "Content": CONTENT, "DocumentType": "Automation"},
    ("ssm", "UpdateDocument"): lambda w: {
        "Name": w.new_document(w.new_name()),
        "Content": CONTENT.replace("PT1M", "PT2M"),
        "DocumentVersion": "1",
    },
    ("ssm", "UpdateDocumentDefaultVersion"): lambda w: {"Name": w.document, "DocumentVersion": "1"},
    ("ssm", "DeleteDocument"): lambda w: {"Name": w.new_document(w.new_name())},
    ("ssm", "DescribeDocument"): lambda _: {"Name": "AWSEC2-Example"},
    ("ssm", "GetCalendarState"): lambda _: {"CalendarNames": ["freeze"]},
    ("ssm", "GetDocument"): lambda w: {"Name": w.document, "DocumentFormat": "YAML"},
    ("ssm", "ListDocuments"): lambda w: {"Filters": [{"Key": "Name", "Values": [w.document]}]},
    ("ssm", "DescribeDocumentPermission"): lambda w: {"Name": w.document, "PermissionType": "Share"},
    ("ssm", "ModifyDocumentPermission"): lambda w: {
        "Name": w.new_document(w.new_name()),
        "PermissionType": "Share",
        "AccountIdsToAdd": ["111122223333"],
    },
    ("ssm", "CreateMaintenanceWindow"): lambda _: WINDOW,
    ("ssm", "GetMaintenanceWindow"): lambda w: {"WindowId": w.window},
    ("ssm", "UpdateMaintenanceWindow"): lambda w: {"WindowId": w.window, "Description": "again"},
    ("ssm", "DeleteMaintenanceWindow"): lambda w: {"WindowId": w.new_window()},
    ("ssm", "DescribeMaintenanceWindows"): lambda _: {"Filters": [{"Key": "Name", "Values": ["night"]}]},
    ("ssm", "RegisterTargetWithMaintenanceWindow"): lambda w: {"WindowId": w.window, **w.target_of(w.fleet.ids)},
    ("ssm", "UpdateMaintenanceWindowTarget"): lambda w: {
        "WindowId": w.window,
        "WindowTargetId": w.target,
        "Description": "again",
    },
    ("ssm", "DeregisterTargetFromMaintenanceWindow"): lambda w: {
        "WindowId": w.window,
        "WindowTargetId": w.new_target(),
    },
    ("ssm", "DescribeMaintenanceWindowTargets"): lambda w: {
        "WindowId": w.window,
        "Filters": [{"Key": "WindowTargetId", "Values": [w.target]}],
    },
    ("ssm", "RegisterTaskWithMaintenanceWindow"): lambda w: w.task_members(),
    ("ssm", "GetMaintenanceWindowTask"): lambda w: {"WindowId": w.window, "WindowTaskId": w.task},
    ("ssm", "UpdateMaintenanceWindowTask"): lambda w: {"WindowId": w.window, "WindowTaskId": w.task, "Priority": 7},
    ("ssm", "DeregisterTaskFromMaintenanceWindow"): lambda w: {"WindowId": w.window, "WindowTaskId": w.new_task()},
    ("ssm", "DescribeMaintenanceWindowTasks"): lambda w: {
        "WindowId": w.window,
        "Filters": [{"Key": "WindowTaskId", "Values": [w.task]}],
    },
    ("ssm", "DescribeMaintenanceWindowExecutions"): lambda w: {"WindowId": w.window},
    ("ssm", "GetMaintenanceWindowExecution"): lambda w: {"WindowExecutionId": w.opening},
    ("ssm", "DescribeMaintenanceWindowExecutionTasks"): lambda w: {"WindowExecutionId": w.opening},
    ("ssm", "GetMaintenanceWindowExecutionTask"): lambda w: {
        "WindowExecutionId": w.opening,
        "TaskId": w.task_execution,
    },
    ("ssm", "DescribeMaintenanceWindowExecutionTaskInvocations"): lambda w: {
        "WindowExecutionId": w.opening,
        "TaskId": w.task_execution,
    },
    ("ssm", "CancelMaintenanceWindowExecution"): lambda w: {"WindowExecutionId": w.new_opening()},
}
# Operations whose every call makes or changes something: what the two calls answer may differ in ids and moments.
WRITES = re.compile("^(Create|Update|Delete|Register|Deregister|Send|Start|Stop|Put|Run|Cancel|Modify|Publish)")

REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("elbv2", "DescribeTargetHealth", {"TargetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/x/y"}),
    ("ec2", "MonitorInstances", {"InstanceIds": ["i-0123456789abcdef0"]}),
    ("sns", "GetTopicAttributes", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:nobody"}),
    ("sns", "Publish", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:nobody", "Message": "Hello"}),
    ("ssm", "GetCalendarState", {"CalendarNames": ["nobody"]}),
    ("ssm", "GetDocument", {"Name": "nobody"}),
    ("ssm", "GetMaintenanceWindow", {"WindowId": "mw-00000000000000000"}),
    ("ssm", "GetMaintenanceWindowExecution", {"WindowExecutionId": ID}),
    ("ssm", "GetAutomationExecution", {"AutomationExecutionId": ID}),
    ("ssm", "ListCommands", {"CommandId": ID}),
    ("ssm", "StartAutomationExecution", {"DocumentName": "nobody"}),
    ("ssm", "CreateMaintenanceWindow", {**WINDOW, "Cutoff": 4}),
]


@pytest.fixture(scope="module")
def world():
    made = World()
    server = http.serve(made.region)
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=made.region.name)
    region, clients = made.region, {}

    def over_http(service: str) -> Any:
        if service not in clients:
            clients[service] = session.client(service, endpoint_url=server.url)
        return clients[service]

    yield SimpleNamespace(
        made=made,
        server=server,
        ways={"in process": lambda s: in_process.client(region, region.administrator, s), "over HTTP": over_http},
    )
    made.region.close()


def answers(world: Any, service: str, operation: str, sample: Sample) -> list[dict[str, Any]]:
    """What each way answers to a request of its own."""
    found = []
    for client in world.ways.values():
        answer = getattr(client(service), xform_name(operation))(**sample(world.made))
        answer.pop("ResponseMetadata")
        found.append(answer)
    return found


def shape(value: Any, name: str = "") -> Any:
    """The value with ids, moments and texts made from ids as their types; everything else as it is."""
    if isinstance(value, dict):
        return {key: shape(inner, key) for key, inner in sorted(value.items())}
    if isinstance(value, list):
        return [shape(inner, name) for inner in value]
    drawn = name.endswith(("Id", "Arn", "Name", "Address")) or name in ("ClientToken", "Hash")
    return type(value).__name__ if drawn or isinstance(value, datetime) else value


def test_every_operation_has_a_sample():
    """An operation that is registered without a sample here could answer differently over HTTP without being seen."""
    load_services()
    assert sorted(key for key in OPERATIONS if key[0] not in http.IN_PROCESS_ONLY) == sorted(SAMPLES)


@pytest.mark.parametrize("key", sorted(SAMPLES), ids=":".join)
def test_both_ways_answer_the_same(world, key):
    """The parsed answers are equal; of a write, equal but for ids and moments."""
    in_process_answer, http_answer = answers(world, *key, SAMPLES[key])
    for answer in (in_process_answer, http_answer):
        if "QueueUrl" in answer:  # names the host that was asked
            answer["QueueUrl"] = answer["QueueUrl"].partition("://")[2].partition("/")[2]

    if WRITES.match(key[1]):
        in_process_answer, http_answer = shape(in_process_answer), shape(http_answer)
    assert http_answer == in_process_answer
    assert world.server.unknown == []
    assert world.server.failures == []


@pytest.mark.parametrize(("service", "operation", "params"), REFUSED)
def test_both_ways_refuse_the_same(world, service, operation, params):
    """Code and message of an error are the same both ways."""
    found = []
    for client in world.ways.values():
        with pytest.raises(ClientError) as caught:
            getattr(client(service), xform_name(operation))(**params)
        found.append(caught.value.response["Error"])

    assert {k: found[1][k] for k in ("Code", "Message")} == {k: found[0][k] for k in ("Code", "Message")}
