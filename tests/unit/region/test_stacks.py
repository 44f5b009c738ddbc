"""Stacks and functions: what documents of AWS's ask of CloudFormation and Lambda."""

import json

import pytest
from botocore.exceptions import ClientError

from albpatch.region.faults import CallFault
from albpatch.region.operations import AwsError, NotKnownHere
from albpatch.region.stacks import templates
from albpatch.region.transport.in_process import client
from data_plane import Fleet

(URL,) = templates()
NAME = "stack-1"


@pytest.fixture
def fleet():
    made = Fleet(2)
    yield made
    made.region.close()


def request(**more):
    parameters = [{"ParameterKey": "FunctionName", "ParameterValue": "function-1"}]
    made = {"StackName": NAME, "TemplateURL": URL, "Parameters": parameters, "Capabilities": ["CAPABILITY_IAM"]}
    return {**made, **more}


def status(fleet, name=NAME):
    return fleet.call("cloudformation", "DescribeStacks", StackName=name)["Stacks"][0]["StackStatus"]


def roles(fleet):
    return [r["RoleName"] for r in fleet.make("iam", "ListRoles")["Roles"]]


def invoke(fleet, **event):
    answer = fleet.call("lambda", "Invoke", FunctionName="function-1", Payload=json.dumps(event).encode())
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


@pytest.fixture
def built(fleet):
    """A fleet behind one target group, and the stack's function."""
    fleet.web = fleet.group(deregistration_delay__timeout_seconds="120")
    fleet.register(fleet.web, *fleet.ids)
    fleet.call("cloudformation", "CreateStack", **request())
    fleet.region.clock.run(fleet.region.clock.spawn("wait", fleet.region.clock.sleep, 120))
    return fleet


def test_a_stack_takes_its_time(fleet):
    """Built resource after resource, then removed; a deleted stack is found by its id only."""
    stack_id = fleet.call("cloudformation", "CreateStack", **request())["StackId"]
    assert status(fleet) == "CREATE_IN_PROGRESS"
    fleet.region.clock.run()
    assert status(fleet) == "CREATE_COMPLETE"
    assert len(roles(fleet)) == 1

    fleet.call("cloudformation", "DeleteStack", StackName=NAME)
    assert status(fleet) == "DELETE_IN_PROGRESS"
    fleet.region.clock.run()
    assert status(fleet, stack_id) == "DELETE_COMPLETE"
    assert roles(fleet) == []
    with pytest.raises(AwsError, match="does not exist"):
        status(fleet)


def test_the_role_has_a_name_that_cloudformation_makes(fleet):
    """The first letters of the stack's name, the resource's name, and something drawn; at most 64 characters."""
    name = "lb-instance-change-lambda-cfn-stack-00000000-0000-4000-8000-000000000000"
    fleet.call("cloudformation", "CreateStack", **request(StackName=name))
    fleet.region.clock.run()
    (role,) = roles(fleet)

    assert role.startswith("lb-instance-change-lambd-Role-")
    assert len(role) <= 64


def test_a_failure_rolls_the_stack_back(fleet):
    """What was built before the failure is removed, and the reason names the resource."""
    fleet.region.faults.calls.append(CallFault("lambda", "CreateFunction", "TooManyRequestsException"))
    fleet.call("cloudformation", "CreateStack", **request())
    fleet.region.clock.run()
    (stack,) = fleet.call("cloudformation", "DescribeStacks", StackName=NAME)["Stacks"]

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "[function-1]" in stack["StackStatusReason"]
    assert roles(fleet) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Capabilities": []}, "InsufficientCapabilitiesException"),
        ({"Parameters": []}, "ValidationError"),
        ({"Parameters": [{"ParameterKey": "Other", "ParameterValue": "x"}]}, "ValidationError"),
        ({"StackName": "1st"}, "ValidationError"),
        ({"TemplateURL": None}, "ValidationError"),
    ],
)
def test_what_cloudformation_refuses(fleet, change, code):
    """A wrong request is refused and builds nothing."""
    made = {key: value for key, value in request(**change).items() if value is not None}
    with pytest.raises(AwsError) as caught:
        fleet.call("cloudformation", "CreateStack", **made)

    assert caught.value.code == code


def test_one_stack_of_a_name(fleet):
    """A second stack of the same name is refused until the first is deleted."""
    fleet.call("cloudformation", "CreateStack", **request())
    with pytest.raises(AwsError, match="already exists"):
        fleet.call("cloudformation", "CreateStack", **request())


def test_deleting_nothing_is_no_error(fleet):
    """DeleteStack of a stack that does not exist succeeds."""
    assert fleet.call("cloudformation", "DeleteStack", StackName="nobody") == {}


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("cloudformation", "CreateStack", request(TemplateURL="https://s3.amazonaws.com/bucket/own.yaml")),
        ("cloudformation", "CreateStack", request(RoleARN="arn:aws:iam::123456789012:role/x")),
        ("cloudformation", "DescribeStacks", {}),
        ("cloudformation", "DeleteStack", {"StackName": NAME, "RetainResources": ["x"]}),
        ("lambda", "Invoke", {"FunctionName": "f", "Qualifier": "1"}),
        ("lambda", "Invoke", {"FunctionName": "f", "InvocationType": "Event"}),
        ("lambda", "Invoke", {"FunctionName": "f", "Payload": b"[1]"}),
    ],
)
def test_what_is_not_known(fleet, service, operation, params):
    """Nothing that no document of AWS's needs is guessed."""
    with pytest.raises(NotKnownHere):
        fleet.call(service, operation, **params)


def test_a_function_that_nobody_built(fleet):
    """It does not exist, as Lambda says; and a payload that is no JSON is refused before that is asked."""
    with pytest.raises(AwsError, match="Function not found"):
        fleet.call("lambda", "Invoke", FunctionName="nobody")
    with pytest.raises(AwsError) as caught:
        fleet.call("lambda", "Invoke", FunctionName="nobody", Payload=b"{")
    assert caught.value.code == "InvalidRequestContentException"


def test_the_function_removes_and_puts_back(built):
    """Out of its group with the group's delay as a duration; then in again, as it was."""
    instance = built.ids[0]
    error, first = invoke(built, instance_id=instance, drain_time="", to_remove=True)
    assert (error, first["is_error"], first["max_drain_time"]) == (None, "false", "PT120S")
    assert first["target_group_details"] == [{"TargetGroupArn": built.web, "Targets": [{"Id": instance, "Port": 80}]}]
    assert [t.id for t in built.balancing.targets(built.web) if t.state != "draining"] == [built.ids[1]]

    assert invoke(built, instance_id=instance, lb_map=first, to_remove=False) == (None, {"status": "Success"})
    assert "draining" not in [t.state for t in built.balancing.targets(built.web)]


def test_minutes_override_the_delay(built):
    """The given time counts, in minutes."""
    _, answer = invoke(built, instance_id=built.ids[0], drain_time="5", to_remove=True)

    assert answer["max_drain_time"] == "PT300S"


def test_an_instance_that_is_not_healthy_is_a_reported_error(built):
    """Nothing is removed, and the function itself succeeds."""
    built.hosts.sicken(built.ids[0])
    built.region.clock.run(built.region.clock.spawn("wait", built.region.clock.sleep, 120))
    error, answer = invoke(built, instance_id=built.ids[0], drain_time="", to_remove=True)

    assert (error, answer["is_error"], answer["target_group_details"]) == (None, "true", [])


def test_an_instance_in_no_group_is_a_reported_error(built):
    """There is nothing to take it out of."""
    _, answer = invoke(built, instance_id="i-0123456789abcdef0", drain_time="", to_remove=True)

    assert answer["is_error"] == "true"


def test_throttling_is_repeated(built):
    """Four throttled attempts are repeated; for ever makes putting back fail, and removing a reported error."""
    faults = built.region.faults.calls
    faults.append(CallFault("elbv2", "DeregisterTargets", "Throttling", times=4))
    _, first = invoke(built, instance_id=built.ids[0], drain_time="", to_remove=True)
    assert first["is_error"] == "false"

    faults.append(CallFault("elbv2", "RegisterTargets", "Throttling", times=None))
    error, answer = invoke(built, lb_map=first, to_remove=False)
    assert (error, answer["errorType"]) == ("Unhandled", "ClientError")


def test_an_event_without_its_members_fails(built):
    """The function raises, as any code does that misses a key."""
    error, answer = invoke(built, instance_id=built.ids[0])

    assert (error, answer["errorType"]) == ("Unhandled", "KeyError")


def test_boto3_reaches_both_services(built):
    """The clients of a document's role: a streamed payload, an error with its code, and a fault below the retries."""
    functions = client(built.region, built.region.administrator, "lambda")
    event = json.dumps({"instance_id": built.ids[0], "drain_time": "1", "to_remove": True})
    built.region.faults.calls.append(CallFault("lambda", "Invoke", "TooManyRequestsException", status=429))
    answer = {}
    clock = built.region.clock
    clock.run(clock.spawn("call", lambda: answer.update(functions.invoke(FunctionName="function-1", Payload=event))))
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        functions.invoke(FunctionName="nobody")

    assert json.loads(answer["Payload"].read())["max_drain_time"] == "PT60S"
    assert sum(c.operation == "Invoke" for c in built.region.calls) == 3
