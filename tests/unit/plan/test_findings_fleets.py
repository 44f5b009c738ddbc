"""Findings about fleets, their instances and their target groups."""

import pytest

from unit.plan.bent import RECORD, found, made, two_calls, with_fleets, with_group, without_leases
from unit.plan.plans import arn, fleet, record


def test_fleets_of_one_window_on_one_target_group():
    """Fleets of a window are patched side by side: without leases they would not count each other in one group."""
    first, second = fleet(tags={"Fleet": ["a"]}), fleet(tags={"Fleet": ["b"]})
    apart = fleet(tags={"Fleet": ["b"]}, target_group_arns=[arn("b")])

    clone = made(without_leases(record(fleets={"a": first, "b": second})))

    assert "fleets-share-target-group" in [f[0] for f in found(clone)]
    assert [f[0] for f in found(with_fleets(a=first, b=second))] == ["leases-contended"]
    assert found(with_fleets(a=first, b=apart)) == []


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"Fleet": ["web"]}, True),
        ({"Fleet": ["web", "api"]}, True),
        ({"Fleet": ["web"], "Stage": ["live"]}, True),
        ({"Fleet": ["api"]}, False),
        ({"Stage": ["live"]}, False),
    ],
)
def test_an_instance_of_two_fleets_by_its_tags(tags, expected):
    """Tags of which one set implies the other make every instance one of both."""
    other = fleet(tags=tags, target_group_arns=[arn("b")])

    assert (found(with_fleets(a=fleet(), b=other)) == [("instance-in-two-fleets", RECORD)]) is expected


def test_the_same_tags_in_two_regions():
    """Two calls with the same tags, one for each region, have no instance in common."""
    both = two_calls(fleet(), fleet(target_group_arns=[arn("b")]))
    elsewhere = both.put("module.other.terraform_data.deployment", "input", "region", value="us-east-1")

    assert [rule for rule, _ in found(both)] == ["instance-in-two-fleets"]
    assert "instance-in-two-fleets" not in [rule for rule, _ in found(elsewhere)]


def test_an_instance_of_two_fleets_by_its_id():
    """An instance that is named by its id in one fleet and found by its tags in another belongs to both."""
    ids = ["i-0123456789abcdef0", "i-0123456789abcdef1"]
    named = fleet(tags={}, instance_ids=ids, target_group_arns=[arn("b")])
    both = with_fleets(a=fleet(), b=named)
    web = both.copy().add("aws_instance.web", id="i-0123456789abcdef0", tags={"Fleet": "web"})
    api = both.copy().add("aws_instance.web", id="i-0123456789abcdef0", tags={"Fleet": "api"})

    assert found(web) == [("instance-in-two-fleets", RECORD)]
    assert found(api) == []


@pytest.mark.parametrize("kind", ["ip", "lambda", "alb"])
def test_a_target_type_that_the_runbook_does_not_handle(kind):
    """Only instances can be taken out by their id."""
    assert found(with_group().put("aws_lb_target_group.web", "target_type", value=kind)) == [
        ("target-type-unsupported", "aws_lb_target_group.web")
    ]


def test_a_target_group_with_one_target():
    """One target in the plan is too few; where the plan registers none, nobody knows."""
    one = with_group().add("aws_lb_target_group_attachment.a", target_group_arn=arn(), target_id="i-1")

    assert found(one) == [("too-few-targets", "aws_lb_target_group.web")]
    assert found(with_group()) == []


OWNERS = [
    ("registered-by-other", "aws_ecs_service.x", {"load_balancer": [{"target_group_arn": arn()}]}),
    (
        "registered-by-other",
        "aws_codedeploy_deployment_group.x",
        {"load_balancer_info": [{"target_group_info": [{"name": "web"}]}]},
    ),
    ("registered-by-other", "kubernetes_manifest.x", {"manifest": {"spec": {"targetGroupARN": arn()}}}),
    ("auto-scaling-group", "aws_autoscaling_group.x", {"target_group_arns": [arn()]}),
    ("auto-scaling-group", "aws_autoscaling_attachment.x", {"lb_target_group_arn": arn()}),
]


@pytest.mark.parametrize(("rule", "address", "values"), OWNERS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_target_group_that_somebody_else_fills(rule, address, values):
    """ECS, CodeDeploy, Kubernetes and Auto Scaling are found by the target group that they name."""
    other = {key: str(value).replace("targetgroup/web", "targetgroup/b") for key, value in values.items()}

    assert found(with_group().add(address, **values)) == [(rule, "aws_lb_target_group.web")]
    assert found(with_group().add(address, **other)) == []


def test_a_target_group_of_kubernetes_by_its_tag():
    """The AWS Load Balancer Controller marks its target groups."""
    marked = with_group(tags={"elbv2.k8s.aws/cluster": "main"})

    assert found(marked) == [("registered-by-other", "aws_lb_target_group.web")]


def test_floors_that_are_none_or_too_much():
    """No floor at all, a runbook that knows none, and all of the targets."""
    budget = {"min_healthy": 0, "min_healthy_percent": 0}
    everything = {"min_healthy": 1, "min_healthy_percent": 100}
    clone = made().put(RECORD, "input", "document", "source", value="aws-owned")

    assert found(with_fleets(web=fleet(disruption_budget=budget))) == [("no-floor", RECORD)]
    assert found(clone) == [("no-floor", RECORD)]
    assert found(with_fleets(web=fleet(disruption_budget=everything))) == [("floor-blocks", RECORD)]


@pytest.mark.parametrize(
    ("least", "percent", "count", "blocks"),
    [(2, 0, 2, True), (2, 0, 3, False), (1, 75, 3, True), (1, 75, 4, False), (3, 0, 0, False)],
)
def test_a_floor_that_lets_no_target_go(least, percent, count, blocks):
    """With as many targets as must stay healthy, none can go; what the plan does not register is not counted."""
    budget = {"min_healthy": least, "min_healthy_percent": percent}
    bent = with_group().put(RECORD, "input", "fleets", "web", "disruption_budget", value=budget)
    for n in range(count):
        bent.add(f"aws_lb_target_group_attachment.a[{n}]", target_group_arn=arn(), target_id=f"i-{n}")

    assert (found(bent) == [("floor-blocks", RECORD)]) is blocks
