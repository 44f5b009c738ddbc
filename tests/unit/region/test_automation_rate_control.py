"""One execution for each target, a few at a time."""

import json

import pytest

from albpatch.region.automation.rate_control import amount
from albpatch.region.automation.service import Automation
from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.operations import AwsError, NotKnownHere

DOCUMENT = json.dumps(
    {
        "schemaVersion": "0.3",
        "parameters": {"Wait": {"type": "String"}, "Other": {"type": "String", "default": "x"}},
        "mainSteps": [{"name": "A", "action": "aws:sleep", "inputs": {"Duration": "{{ Wait }}"}}],
    }
)


@pytest.fixture
def region():
    made = Region(VirtualClock(0.0))
    yield made
    made.close()


def roll(region, waits, concurrency=None, errors=None, act=None):
    automation = region.part(Automation)
    targets = [{"Key": "ParameterValues", "Values": waits}]
    started = automation.start(
        region.administrator, "doc", None, {}, content=DOCUMENT, targets=targets, target_parameter="Wait",
        max_concurrency=concurrency, max_errors=errors,
    )  # fmt: skip
    if act is not None:
        region.clock.call_at(90, lambda: act(started))
    parent = automation.run_until_over(started)
    return parent, [automation.executions[child] for child in parent.children]


def test_one_after_the_other(region):
    """With concurrency 1 a target begins when the one before it is over."""
    parent, children = roll(region, ["PT1M", "PT2M", "PT1M"], "1", "0")
    assert [(c.target, c.started, c.ended) for c in children] == [
        ("PT1M", 0, 60),
        ("PT2M", 60, 180),
        ("PT1M", 180, 240),
    ]
    assert (parent.status, parent.ended) == ("Success", 240)


def test_the_first_target_alone_then_more(region):
    """Concurrency grows from one target up to the limit."""
    _, children = roll(region, ["PT1M"] * 7, "4", "0")
    assert [c.started for c in children] == [0, 60, 60, 120, 120, 120, 120]


def test_no_further_target_after_too_many_errors(region):
    """MaxErrors 0 stops after the first failure and the parent has failed."""
    parent, children = roll(region, ["PT1M", "nonsense", "PT1M"], "1", "0")
    assert [c.status for c in children] == ["Success", "Failed"]
    assert parent.status == "Failed"


def test_errors_within_the_limit_do_not_stop(region):
    """MaxErrors 1 lets one failure pass."""
    parent, children = roll(region, ["nonsense", "PT1M", "PT1M"], "1", "1")
    assert [c.status for c in children] == ["Failed", "Success", "Success"]
    assert parent.status == "Success"


def test_cancelling_the_parent_cancels_what_runs(region):
    """A stop reaches the running child, and nothing further begins."""
    parent, children = roll(region, ["PT1M", "PT10M", "PT1M"], "1", "0", region.part(Automation).stop)
    assert [(c.status, c.ended) for c in children] == [("Success", 60), ("Cancelled", 90)]
    assert (parent.status, parent.ended) == ("Cancelled", 90)


def test_the_parent_shows_its_children(region):
    """GetAutomationExecution of the parent lists a step for each target and counts them."""
    parent, children = roll(region, ["PT1M", "PT2M"], "2", "0")
    answer = region.call(
        region.administrator, "ssm", "GetAutomationExecution", {"AutomationExecutionId": parent.id}
    )["AutomationExecution"]  # fmt: skip
    assert answer["ResolvedTargets"]["ParameterValues"] == ["PT1M", "PT2M"]
    assert answer["ProgressCounters"]["SuccessSteps"] == 2
    assert [one["Outputs"]["ExecutionId"] for one in answer["StepExecutions"]] == [[c.id] for c in children]
    filters = [{"Key": "ParentExecutionId", "Values": [parent.id]}]
    listed = region.call(region.administrator, "ssm", "DescribeAutomationExecutions", {"Filters": filters})
    assert {one["Target"] for one in listed["AutomationExecutionMetadataList"]} == {"PT1M", "PT2M"}


def test_targets_by_tag_or_group_are_instances(region):
    """Tag keys are ANDed, the values of a key are ORed, a group is its members; what is terminated is no target."""
    attach(region)
    made = []
    for tags in ({"ALB": "a"}, {"ALB": "b", "Env": "x"}, {"ALB": "a", "Env": "x"}, {"Env": "x"}):
        listed = [{"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]
        params = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1, "TagSpecifications": listed}
        made.append(region.backend("ec2", "RunInstances", params)["Instances"][0]["InstanceId"])
    automation = region.part(Automation)
    text = DOCUMENT.replace("{{ Wait }}", "PT1M")

    def resolved(*targets):
        started = automation.start(
            region.administrator, "doc", None, {}, content=text, target_parameter="Wait",
            targets=[{"Key": k, "Values": v} for k, v in targets],
        )  # fmt: skip
        return automation.executions[started].resolved_targets

    assert resolved(("tag:ALB", ["a", "b"]), ("tag:Env", ["x"])) == sorted(made[1:3])
    region.backend("ec2", "TerminateInstances", {"InstanceIds": [made[1]]})
    assert resolved(("tag:ALB", ["a", "b"])) == sorted([made[0], made[2]])
    with pytest.raises(AwsError, match="InvalidTarget"):
        resolved(("tag:ALB", ["nobody"]))
    with pytest.raises(NotKnownHere, match="tag-key"):
        resolved(("tag-key", ["ALB"]))

    query = {"ResourceTypeFilters": ["AWS::AllSupported"], "TagFilters": [{"Key": "ALB", "Values": ["a"]}]}
    grouped = {"Type": "TAG_FILTERS_1_0", "Query": json.dumps(query)}
    region.backend("resource-groups", "CreateGroup", {"Name": "web", "ResourceQuery": grouped})
    assert resolved(("ResourceGroup", ["web"])) == sorted([made[0], made[2]])
    with pytest.raises(AwsError, match="NotFound"):
        resolved(("ResourceGroup", ["nobody"]))
    region.backend("ec2", "TerminateInstances", {"InstanceIds": [made[0], made[2]]})
    with pytest.raises(AwsError, match="InvalidTarget"):
        resolved(("ResourceGroup", ["web"]))


@pytest.mark.parametrize(
    "targets",
    [
        [{"Key": "tag:ALB", "Values": ["a"]}, {"Key": "tag:Env", "Values": ["x"]}],
        [{"Key": "ParameterValues", "Values": [f"i-{number:08x}" for number in range(51)]}],
    ],
)
def test_one_target_of_fifty_values(region, targets):
    """A start takes one target, and a target fifty values; a window target takes five."""
    params = {"DocumentName": "doc", "TargetParameterName": "Wait", "Targets": targets}
    with pytest.raises(
        AwsError, match=r"ValidationException.*Member must have a value or length less than or equal to"
    ):
        region.call(region.administrator, "ssm", "StartAutomationExecution", params)


@pytest.mark.parametrize(("text", "count", "number"), [("3", 50, 3), ("10%", 50, 5), ("10%", 9, 0), ("100%", 7, 7)])
def test_numbers_and_percentages(text, count, number):
    """A limit is a number or a percentage of the targets."""
    assert amount(text, count) == number


@pytest.mark.parametrize("text", ["", "-1", "x", "5 %"])
def test_a_limit_that_is_none(text):
    """Anything else is refused."""
    with pytest.raises(AwsError, match="ValidationException"):
        amount(text, 10)


def test_the_target_parameter_has_no_value_of_its_own(region):
    """The parameter that rate control fills cannot be given, and must be declared."""
    automation = region.part(Automation)
    targets = [{"Key": "ParameterValues", "Values": ["PT1M"]}]
    for given, name in (({"Wait": ["PT1M"]}, "Wait"), ({}, "Nobody")):
        with pytest.raises(AwsError, match="InvalidAutomationExecutionParametersException"):
            automation.start(
                region.administrator, "doc", None, given, content=DOCUMENT, targets=targets, target_parameter=name
            )
