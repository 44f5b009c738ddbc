"""The region behind a URL."""

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.core.responses import BaseResponse
from moto.resourcegroups.urls import url_paths

from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.operations import OPERATIONS, AwsError, NotKnownHere
from albpatch.region.transport.http import serve


def execution(region, _caller, params):
    """Answers one id, refuses a second, does not know a third, breaks on a fourth."""
    execution_id = params["AutomationExecutionId"]
    if execution_id.startswith("refused"):
        raise AwsError("AutomationExecutionNotFoundException", "no <such> execution")
    if execution_id.startswith("unknown"):
        raise NotKnownHere("ssm:this")
    if execution_id.startswith("broken"):
        raise ZeroDivisionError("a bug")
    return {"AutomationExecution": {"AutomationExecutionId": execution_id, "Outputs": {"a.b": [region.name]}}}


def health(_region, _caller, params):
    """Echoes the targets, so that the request's parsing shows."""
    if params["TargetGroupArn"] == "gone":
        raise AwsError("TargetGroupNotFound", "gone")
    return {"TargetHealthDescriptions": [{"Target": target} for target in params.get("Targets", [])]}


def forbidden(_region, _caller, _params):
    raise AwsError("UnauthorizedOperation", "not you", 403)


@pytest.fixture(scope="module")
def region():
    made = Region(VirtualClock())
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(OPERATIONS, ("ssm", "GetAutomationExecution"), execution)
        patch.setitem(OPERATIONS, ("elbv2", "DescribeTargetHealth"), health)
        patch.setitem(OPERATIONS, ("ec2", "DescribeVpcs"), forbidden)
        attach(made)
        yield made
        made.close()


@pytest.fixture(scope="module")
def served(region):
    return serve(region)


@pytest.fixture
def server(region, served):
    """The server, of which nothing unknown has been asked yet."""
    region.calls.clear()
    served.unknown.clear()
    served.failures.clear()
    return served


@pytest.fixture
def connect(server):
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1")
    return lambda service: session.client(service, endpoint_url=server.url)


def code_of(call, **params):
    """The code and message of the error in which a call ends."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    response = caught.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_registered_operation_is_answered_by_the_region(region, connect):
    """A JSON request reaches the dispatcher as the administrator, and its answer comes back whole."""
    answer = connect("ssm").get_automation_execution(AutomationExecutionId="e" * 36)

    assert answer["AutomationExecution"] == {"AutomationExecutionId": "e" * 36, "Outputs": {"a.b": ["us-east-1"]}}
    assert [(c.caller, c.operation) for c in region.calls] == [(region.administrator, "GetAutomationExecution")]


def test_a_query_request_keeps_types_and_lists(connect):
    """A query-protocol request arrives with lists as lists and numbers as numbers."""
    targets = [{"Id": "i-1", "Port": 81}, {"Id": "i-2"}]

    answer = connect("elbv2").describe_target_health(TargetGroupArn="x", Targets=targets)

    assert [d["Target"] for d in answer["TargetHealthDescriptions"]] == targets


@pytest.mark.parametrize(
    ("service", "call", "params", "expected"),
    [
        (
            "ssm",
            "get_automation_execution",
            {"AutomationExecutionId": "refused" + "e" * 29},
            ("AutomationExecutionNotFoundException", "no <such> execution", 400),
        ),
        ("elbv2", "describe_target_health", {"TargetGroupArn": "gone"}, ("TargetGroupNotFound", "gone", 400)),
        ("ec2", "describe_vpcs", {}, ("UnauthorizedOperation", "not you", 403)),
    ],
)
def test_errors_are_the_services_own(connect, service, call, params, expected):
    """An AwsError reaches the client with code, message and status in each of the three protocols."""
    assert code_of(getattr(connect(service), call), **params) == expected


def test_what_is_not_known_here_is_loud_and_remembered(server, connect):
    """An unknown input, and an operation that nobody knows, end in an error that names them."""
    ssm = connect("ssm")

    assert code_of(ssm.get_automation_execution, AutomationExecutionId="unknown" + "e" * 29) == (
        "NotKnownHere",
        "not known here: ssm:this",
        400,
    )
    assert code_of(ssm.get_connection_status, Target="c")[1] == "not known here: ssm:GetConnectionStatus"
    assert server.unknown == ["ssm:GetAutomationExecution", "ssm:GetConnectionStatus"]


def test_an_error_of_the_region_itself_is_not_retried(server, connect):
    """A bug is answered once, with its text, and kept; a client that retries would hide it for minutes."""
    assert code_of(connect("ssm").get_automation_execution, AutomationExecutionId="broken" + "e" * 30) == (
        "RegionFailure",
        "ZeroDivisionError: a bug",
        400,
    )
    assert [type(error) for error in server.failures] == [ZeroDivisionError]


def test_everything_else_shares_the_control_planes_state(region, connect):
    """What a client creates over HTTP is what the region reads in process, and the other way round."""
    connect("iam").create_role(RoleName="over-http", AssumeRolePolicyDocument="{}")
    region.backend("iam", "CreateRole", {"RoleName": "in-process", "AssumeRolePolicyDocument": "{}"})

    names = {role["RoleName"] for role in connect("iam").list_roles()["Roles"]}
    assert {"over-http", "in-process"} <= names
    assert region.backend("iam", "GetRole", {"RoleName": "over-http"})["Role"]["RoleName"] == "over-http"


def test_the_control_plane_never_goes_over_http(region, server, monkeypatch):
    """AWS_ENDPOINT_URL, which the user's suite sets, does not lead the region's own calls back to itself."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)

    assert region.backend("ec2", "DescribeVpcs", {})["Vpcs"]
    assert region.calls == []


@pytest.mark.usefixtures("server")
def test_two_regions_are_not_served_at_once(region):
    """A second server in one process would share the first one's state, so it is refused."""
    with pytest.raises(RuntimeError, match="served already"):
        serve(region)


def test_closing_gives_moto_its_classes_back(region, server):
    """After the region no class and no route of moto is changed, and a second close does nothing."""
    changed, added = BaseResponse._dispatch, "{0}/list-group-resources$"
    assert added in url_paths
    region.close()
    server.close()

    assert BaseResponse._dispatch is not changed
    assert added not in url_paths
    assert BaseResponse._dispatch.__module__ == "moto.core.responses"
