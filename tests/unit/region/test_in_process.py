"""boto3 clients that end in the region's dispatcher."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

from albpatch.region.clock import Expired, VirtualClock
from albpatch.region.core import Region
from albpatch.region.faults import CallFault
from albpatch.region.operations import AwsError, NotKnownHere
from albpatch.region.transport.in_process import client

STANDARD = Config(retries={"mode": "standard", "max_attempts": 5})


def answer(_caller, service, operation, params):
    """Answers two operations, refuses one, knows no other."""
    if (service, operation) == ("elbv2", "DescribeTargetHealth"):
        return {"TargetHealthDescriptions": [{"Target": {"Id": t["Id"]}} for t in params["Targets"]]}
    if (service, operation) == ("elbv2", "DeregisterTargets"):
        return {}
    if (service, operation) == ("ssm", "DescribeDocument"):
        raise AwsError("InvalidDocument", "no such document")
    raise NotKnownHere(f"{service}:{operation}")


@pytest.fixture
def region():
    made = Region(VirtualClock(0.0), responder=answer)
    yield made
    made.close()


def test_call_reaches_the_dispatcher(region):
    """A call is answered by the region and recorded with its caller."""
    elb = client(region, region.assumed_role("patcher", "s"), "elbv2")

    assert elb.describe_target_health(TargetGroupArn="x", Targets=[{"Id": "i-1"}])["TargetHealthDescriptions"] == [
        {"Target": {"Id": "i-1"}}
    ]
    assert [(c.operation, c.caller.role_name) for c in region.calls] == [("DescribeTargetHealth", "patcher")]


def test_wrong_parameters_are_refused_by_botocore(region):
    """A misspelt parameter never arrives."""
    with pytest.raises(ParamValidationError):
        client(region, region.administrator, "elbv2").describe_target_health(TargetGroupArn="x", Tragets=[])


def test_error_answers_are_client_errors(region):
    """An AwsError reaches the caller as botocore's ClientError, and the client's own exception class."""
    ssm = client(region, region.administrator, "ssm")

    with pytest.raises(ssm.exceptions.InvalidDocument, match="no such document"):
        ssm.describe_document(Name="x")
    assert region.calls[-1].error == "InvalidDocument"


def test_unknown_operation_is_an_error(region):
    """What the region does not know raises NotKnownHere and names it."""
    with pytest.raises(NotKnownHere, match="ssm:ListCommands"):
        client(region, region.administrator, "ssm").list_commands()


def test_throttling_below_the_retries_is_retried_in_virtual_time(region):
    """Two throttled attempts are retried by botocore, cost virtual seconds only, and end in the answer."""
    region.faults.calls.append(CallFault("elbv2", "DescribeTargetHealth", "Throttling", times=2))
    seen = []

    def work():
        elb = client(region, region.administrator, "elbv2", STANDARD)
        seen.append(elb.describe_target_health(TargetGroupArn="x", Targets=[{"Id": "i-9"}]))

    region.clock.spawn("work", work)
    region.clock.run()

    assert seen[0]["TargetHealthDescriptions"] == [{"Target": {"Id": "i-9"}}]
    assert [c.error for c in region.calls] == ["Throttling", "Throttling", None]
    assert region.clock.time() > 0


def test_throttling_beyond_the_retries_fails(region):
    """A call that is throttled for ever ends in the error after the configured attempts."""
    region.faults.calls.append(CallFault("ssm", "DescribeDocument", "ThrottlingException", times=None))
    seen = []

    def work():
        with pytest.raises(ClientError) as caught:
            client(region, region.administrator, "ssm", STANDARD).describe_document(Name="x")
        seen.append(caught.value.response["Error"]["Code"])

    region.clock.spawn("work", work)
    region.clock.run()

    assert seen == ["ThrottlingException"]
    assert len(region.calls) == 6


def test_a_fault_strikes_only_what_it_names(region):
    """A fault on one operation leaves its neighbours alone, and `where` limits it to matching requests."""
    region.faults.calls.append(
        CallFault("elbv2", "DeregisterTargets", "TargetGroupNotFound", where={"TargetGroupArn": "b"})
    )
    elb = client(region, region.administrator, "elbv2")

    elb.deregister_targets(TargetGroupArn="a", Targets=[{"Id": "i-1"}])
    with pytest.raises(ClientError, match="TargetGroupNotFound"):
        elb.deregister_targets(TargetGroupArn="b", Targets=[{"Id": "i-1"}])
    elb.describe_target_health(TargetGroupArn="b", Targets=[])


def test_a_lost_answer_comes_after_the_work(region):
    """What was carried out counts although its caller sees an error; its retry is a call of its own."""
    region.faults.calls.append(
        CallFault("elbv2", "DeregisterTargets", "ServiceUnavailable", status=503, carried_out=True)
    )
    worked = []
    region._responder = lambda *call: worked.append(call[2]) or answer(*call)

    def work():
        client(region, region.administrator, "elbv2", STANDARD).deregister_targets(TargetGroupArn="a", Targets=[])

    region.clock.spawn("work", work)
    region.clock.run()

    assert worked == ["DeregisterTargets", "DeregisterTargets"]
    assert [c.error for c in region.calls] == ["ServiceUnavailable", None]


@pytest.mark.parametrize(("carried_out", "worked"), [(False, []), (True, ["DeregisterTargets"])])
def test_a_call_without_an_answer_ends_with_its_deadline(region, carried_out, worked):
    """A slow answer takes the region's time, and nobody else has to wait for it meanwhile."""
    fault = CallFault("elbv2", "DeregisterTargets", None, seconds=900, carried_out=carried_out)
    region.faults.calls.append(fault)
    done, times = [], []
    region._responder = lambda *call: done.append(call[2]) or answer(*call)

    def slow():
        with pytest.raises(Expired), region.clock.deadline(60):
            client(region, region.administrator, "elbv2", STANDARD).deregister_targets(TargetGroupArn="a", Targets=[])
        times.append(region.clock.time())

    def other():
        region.clock.sleep(10)
        client(region, region.administrator, "elbv2").describe_target_health(TargetGroupArn="x", Targets=[])
        times.append(region.clock.time())

    region.clock.spawn("slow", slow)
    region.clock.spawn("other", other)
    region.clock.run()

    assert times == [10, 60]
    assert done == [*worked[:1], "DescribeTargetHealth"]


def test_a_fault_waits_for_the_activity_it_names(region):
    """With labels only calls of such an activity count and are struck; what else happens then, happens once."""
    happened = []
    fault = CallFault(
        "elbv2", "DescribeTargetHealth", None, first=2, labels={"step": "Look"}, act=lambda: happened.append(1)
    )
    region.faults.calls.append(fault)

    def work(step):
        region.clock.current().labels["step"] = step
        elb = client(region, region.administrator, "elbv2")
        for _ in range(3):
            elb.describe_target_health(TargetGroupArn="x", Targets=[])
            happened.append(step)

    for step in ("Other", "Look"):
        region.clock.spawn(step, work, step)
        region.clock.run()

    assert happened == ["Other", "Other", "Other", "Look", 1, "Look", "Look"]


def test_an_error_of_the_operation_behind_an_armed_fault(region):
    """A call whose fault does not strike yet still gives the operation's own error."""
    region.faults.calls.append(CallFault("ssm", "DescribeDocument", "ThrottlingException", first=99))

    with pytest.raises(ClientError, match="InvalidDocument"):
        client(region, region.administrator, "ssm").describe_document(Name="x")


def test_outside_clients_are_not_touched(region):
    """A plain boto3 client made beside the region has none of its hooks."""
    client(region, region.administrator, "ssm")
    plain = boto3.client("ssm", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")

    assert plain.meta.endpoint_url == "https://ssm.us-east-1.amazonaws.com"


def test_callers_share_a_client_and_keep_their_names(region):
    """Two callers of one service are told apart in every call, in paginators too."""
    ids = [client(region, region.assumed_role(name, name), "elbv2") for name in ("one", "two")]
    for elb in (*ids, ids[0]):
        elb.describe_target_health(TargetGroupArn="x", Targets=[])

    assert [call.caller.role_name for call in region.calls] == ["one", "two", "one"]
    with pytest.raises(NotKnownHere, match="elbv2:DescribeTargetGroups"):
        list(ids[1].get_paginator("describe_target_groups").paginate())
    assert len(region.unanswered) == 1
