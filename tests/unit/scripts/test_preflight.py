"""Preflight: who is left alone, and which registrations are found."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from unit.scripts.world import EXECUTION, ME, START, VPC, World, arn

WINDOW = "99999999-8888-7777-6666-555555555555"
OTHER = "i-0fedcba9876543210"


@pytest.fixture
def preflight(run: Callable[..., Any]) -> Callable[..., dict[str, str]]:
    def runner(*arns: str, skip: str = "true", age: int = 0, wait_for: str = "quiet_or_delay") -> dict[str, str]:
        event: dict[str, Any] = {"StartedBy": f"{EXECUTION}/{WINDOW}", "CommitSeconds": 8400, "WaitFor": wait_for}
        event |= {"PropagationSeconds": 30}
        event |= {"TargetGroupArns": list(arns), "SkipWhenCompliant": skip, "ScanMaxAgeMinutes": age}
        return run("preflight", InstanceId=ME, **event)

    return runner


def test_finds_every_port_of_every_group(world: World, preflight: Any) -> None:
    """All registrations are found exactly as described: two ports in one group, one in another, no other instance's."""
    web = world.group("web", (ME, 8080, "healthy"), (OTHER, 8080, "healthy"), (ME, 8081, "unhealthy"))
    api = world.group("api", (ME, 9000, "healthy"))

    found = preflight(web, api)

    assert found["Outcome"] == "continue"
    assert [(g["Arn"], g["Targets"]) for g in json.loads(found["Registrations"])] == [
        (web, [{"Id": ME, "Port": 8080}, {"Id": ME, "Port": 8081}]),
        (api, [{"Id": ME, "Port": 9000}]),
    ]


def test_finds_the_groups_of_the_vpc(world: World, preflight: Any) -> None:
    """Without target groups given, those of the instance's VPC are searched, page after page, and no others."""
    world.group("elsewhere", (ME, 80, "healthy"), VpcId="vpc-0aaaaaaaaaaaaaaaa")
    world.group("strangers", (OTHER, 80, "healthy"))
    web = world.group("web", (ME, 8080, "healthy"))

    found = preflight()

    assert [group["Arn"] for group in json.loads(found["Registrations"])] == [web]


def test_group_without_this_instance_is_watched(world: World, preflight: Any) -> None:
    """Of the fleet's groups those without this instance are recorded too, so that a registration is noticed."""
    web = world.group("web", (ME, 8080, "healthy"))
    empty = world.group("empty", (OTHER, 80, "healthy"))

    found = {group["Arn"]: group["Targets"] for group in json.loads(preflight(empty, web)["Registrations"])}

    assert found == {empty: [], web: [{"Id": ME, "Port": 8080}]}


def test_registered_nowhere_is_patched_without_elb(world: World, preflight: Any) -> None:
    """An instance that serves nowhere goes on without a target; the fleet's group is watched."""
    web = world.group("web", (OTHER, 8080, "healthy"))

    given, found = preflight(web), preflight()

    assert (given["Outcome"], found["Outcome"], found["Registrations"]) == ("continue", "continue", "[]")
    assert [(g["Arn"], g["Targets"]) for g in json.loads(given["Registrations"])] == [(web, [])]


def test_registered_elsewhere_is_refused(world: World, preflight: Any) -> None:
    """An instance that serves in a group that is not its fleet's would be rebooted under traffic: a failure."""
    web, api = world.group("web", (OTHER, 80, "healthy")), world.group("api", (ME, 80, "healthy"))

    with pytest.raises(RuntimeError, match=f"^TARGET_GROUP_NOT_CONFIGURED: .*{api}"):
        preflight(web)


@pytest.mark.parametrize("kind", ["ip", "lambda", "alb"])
def test_other_target_types_are_refused(world: World, preflight: Any, kind: str) -> None:
    """A group whose targets are no instances cannot be handled, and is said to be so."""
    web = world.group("web", TargetType=kind)

    with pytest.raises(RuntimeError, match=r"^TARGET_TYPE_NOT_SUPPORTED: "):
        preflight(web)


def test_registered_by_address_is_refused(world: World, preflight: Any) -> None:
    """An instance found by its address in a group of type ip would be rebooted under that group's traffic."""
    world.group("pods", (world.instances[ME]["PrivateIpAddress"], 80, "healthy"), TargetType="ip")

    with pytest.raises(RuntimeError, match=r"^TARGET_TYPE_NOT_SUPPORTED: "):
        preflight()


def test_group_of_type_ip_without_this_instance_is_fine(world: World, preflight: Any) -> None:
    """Groups of type ip in the same VPC do not matter unless they hold this instance."""
    world.group("pods", ("10.0.9.9", 80, "healthy"), TargetType="ip")
    world.group("web", (ME, 80, "healthy"))

    assert preflight()["Outcome"] == "continue"


def test_unknown_target_group_is_a_failure(preflight: Any) -> None:
    """A target group that does not exist is a mistake in the configuration, never an instance that serves nowhere."""
    with pytest.raises(ClientError, match="TargetGroupNotFound"):
        preflight(arn("gone"))


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("stopped", "INSTANCE_NOT_RUNNING"),
        ("stopping", "INSTANCE_NOT_RUNNING"),
        ("pending", "INSTANCE_NOT_RUNNING"),
        ("shutting-down", "INSTANCE_GONE"),
        ("terminated", "INSTANCE_GONE"),
    ],
)
def test_instance_that_does_not_run_is_skipped(world: World, preflight: Any, state: str, code: str) -> None:
    """A stopped or terminated instance is skipped and does not stop the line."""
    world.instance(ME, state=state)

    found = preflight()

    assert (found["Outcome"], found["Sentence"].split(":")[0], found["Scan"]) == ("skipped", code, "none")


def test_unknown_instance_is_skipped(world: World, preflight: Any) -> None:
    """An instance that EC2 does not know any more is skipped."""
    del world.instances[ME]

    assert preflight()["Sentence"].startswith("INSTANCE_GONE: ")


@pytest.mark.parametrize("ping", ["ConnectionLost", "Inactive", None])
def test_unmanaged_instance_is_skipped(world: World, preflight: Any, ping: str | None) -> None:
    """An instance whose agent does not answer cannot be patched: skipped."""
    if ping:
        world.agents[ME]["PingStatus"] = ping
    else:
        del world.agents[ME]

    assert preflight()["Sentence"].startswith("NOT_MANAGED: ")


def test_member_of_an_auto_scaling_group_is_deferred(world: World, preflight: Any) -> None:
    """The group would replace an instance that is taken out behind its back."""
    world.instance(ME, Tags=[{"Key": "Name", "Value": "a"}, {"Key": "aws:autoscaling:groupName", "Value": "asg"}])

    assert preflight()["Sentence"].startswith("AUTO_SCALING_GROUP: ")


def test_own_draining_registration_is_deferred(world: World, preflight: Any) -> None:
    """An instance that somebody else is taking out is not ours."""
    web = world.group("web", (ME, 80, "healthy"), (ME, 81, "draining"))

    assert preflight(web)["Sentence"].startswith("ALREADY_DRAINING: ")


def test_draining_neighbour_is_no_reason_to_wait(world: World, preflight: Any) -> None:
    """Only this instance's own registrations matter to Preflight."""
    web = world.group("web", (ME, 80, "healthy"), (OTHER, 80, "draining"))

    assert preflight(web)["Outcome"] == "continue"


@pytest.mark.parametrize(
    ("operation", "start", "age", "scan"),
    [
        ("Scan", -3000, 60, "reuse"),
        ("Scan", -3601, 60, "run"),
        ("Install", -600, 60, "run"),
        ("Scan", -1, 0, "run"),
    ],
)
def test_young_scan_is_reused(world: World, preflight: Any, operation: str, start: float, age: int, scan: str) -> None:
    """A scan within the age given is reused; an older one, an Install report, or an age of 0 leads to a scan."""
    world.patch_state(operation, start)

    found = preflight(age=age)

    assert found["Scan"] == scan
    assert (
        START + start >= int(found["ScanNotBefore"]) if scan == "reuse" else int(found["ScanNotBefore"]) >= START - 60
    )


def test_no_scan_when_every_instance_is_patched(world: World, preflight: Any) -> None:
    """skip_when_compliant = false needs no scan at all."""
    world.group("web", (ME, 80, "healthy"))

    assert preflight(skip="false")["Scan"] == "skip"


def test_writes_nothing(world: World, preflight: Any) -> None:
    """Preflight only reads."""
    web = world.group("web", (ME, 80, "healthy"))

    preflight(web)

    assert all(name.split(".")[1].startswith(("Describe", "Get")) for name, _ in world.calls)
    assert world.instances[ME]["VpcId"] == VPC


@pytest.mark.parametrize("state", ["LEASED", "INSTALLING", "HEALING"])
def test_open_record_defers(world: World, preflight: Any, state: str) -> None:
    """Whoever left the instance, or works on it, comes first: an instance that our dead run left out is not patched."""
    world.group("web", (ME, 80, "healthy"))
    world.table.open_record(ME, "another", state)

    found = preflight()

    assert (found["Outcome"], found["Sentence"].split(":")[0]) == ("deferred", "OPEN_RECORD")
    assert "another" in found["Sentence"] and state in found["Sentence"]


def test_halted_roll_defers(world: World, preflight: Any) -> None:
    """Once an instance of the roll has failed no other is scanned."""
    world.group("web", (ME, 80, "healthy"))
    world.table.put(f"ROLL#{WINDOW}", Halted="i-0")

    assert preflight()["Sentence"] == "ROLL_HALTED: This roll was stopped: i-0."


def test_roll_is_the_window_or_the_execution(run: Any, preflight: Any) -> None:
    """A window's executions share a roll; an execution that a person started is one of its own."""
    event = {
        "TargetGroupArns": [],
        "SkipWhenCompliant": "true",
        "ScanMaxAgeMinutes": 0,
        "WaitFor": "delay",
        "PropagationSeconds": 30,
        "CommitSeconds": 8400,
    }

    other = "22222222-3333-4444-5555-666666666666"

    assert preflight()["Roll"] == preflight()["SnapshotId"] == WINDOW
    assert run("preflight", StartedBy=f"{other}/", **event)["Roll"] == other
    assert run("preflight", StartedBy="", **event)["Roll"] == EXECUTION
    assert run("preflight", StartedBy="", **event)["SnapshotId"] == ""


def test_the_window_says_until_when_a_commit_leaves_time(world: World, preflight: Any) -> None:
    """The last moment of a commit counts from the start of the window's execution, in whole seconds."""
    world.windows[WINDOW] = START - 600.5

    assert preflight(world.group("web", (ME, 80, "healthy")))["CommitBefore"] == str(int(START - 600.5) + 8400)


def test_a_roll_that_is_no_windows_has_no_end(world: World, preflight: Any, run: Any) -> None:
    """Neither without an id, nor with one that no window execution has."""
    web = world.group("web", (ME, 80, "healthy"))
    given = {"TargetGroupArns": [web], "SkipWhenCompliant": "true", "ScanMaxAgeMinutes": 0, "CommitSeconds": 8400}
    given |= {"WaitFor": "delay"}

    assert preflight(web)["CommitBefore"] == "0"
    assert run("preflight", StartedBy="", **given)["CommitBefore"] == "0"
    assert [p["WindowExecutionId"] for p in world.made("GetMaintenanceWindowExecution")] == [WINDOW, EXECUTION]


@pytest.mark.parametrize("code", ["AccessDeniedException", "InternalServerError"])
def test_a_window_that_cannot_be_read_is_no_open_end(world: World, preflight: Any, code: str) -> None:
    """Only the answer that there is no such window execution means that there is no end."""
    world.fail("ssm.GetMaintenanceWindowExecution", code)

    with pytest.raises(ClientError, match=code):
        preflight(world.group("web", (ME, 80, "healthy")))


def test_a_window_leaves_alone_who_failed(world: World, preflight: Any) -> None:
    """It is deferred with the old code and execution; a start by hand tries it again."""
    web = world.group("web", (ME, 80, "healthy"))
    world.table.put(f"FAILED#{ME}", Failure="PATCHES_FAILED in an-execution")
    by_hand = preflight(web)
    world.windows[WINDOW] = START

    found = preflight(web)

    assert (found["Outcome"], found["Scan"], by_hand["Outcome"]) == ("deferred", "none", "continue")
    assert found["Sentence"].startswith("FAILED_LAST_TIME: PATCHES_FAILED in an-execution.")


def test_a_failure_that_was_made_up_for_is_none(world: World, preflight: Any) -> None:
    """An item without Failure is what a success leaves of it."""
    world.table.put(f"FAILED#{ME}")
    world.windows[WINDOW] = START

    assert preflight(world.group("web", (ME, 80, "healthy")))["Outcome"] == "continue"


def test_where_the_load_balancers_connections_come_from(world: World, preflight: Any) -> None:
    """Ports of all its targets, blocks of the load balancers' subnets, time for two of the slowest health checks."""
    world.balancers["other"], world.subnets["subnet-x"] = ["subnet-x", "subnet-a"], {"CidrBlock": "10.9.0.0/16"}
    web = world.group("web", (ME, 8080, "healthy"), (ME, 443, "healthy"), (OTHER, 9999, "healthy"))
    api = world.group("api", (ME, 8080, "healthy"), LoadBalancerArns=["other"], HealthCheckIntervalSeconds=10)

    assert preflight(web, api)["Look"] == "443,8080 10.0.0.0/24,10.0.1.0/24,10.9.0.0/16,2001:db8::/64 65 30"


def test_a_network_load_balancer_shows_its_clients(world: World, preflight: Any) -> None:
    """With the client's address kept, connections come from anywhere; and it sends for two minutes."""
    web = world.group("web", (ME, 80, "healthy"))
    net = world.group("net", (ME, 9000, "healthy"), Protocol="TCP")

    assert preflight(web, net)["Look"] == "80,9000 0.0.0.0/0,::/0 65 120"


def test_groups_that_nothing_is_sent_to_are_not_looked_at(world: World, preflight: Any) -> None:
    """A group without a load balancer, and one without this instance, have no connections to wait for."""
    web = world.group("web", (ME, 80, "healthy"))
    idle = world.group("idle", (ME, 81, "unused"), LoadBalancerArns=[], HealthCheckIntervalSeconds=300)
    others = world.group("others", (OTHER, 82, "healthy"), LoadBalancerArns=["unknown"])

    assert preflight(web, idle, others)["Look"].split()[::2] == ["80", "65"]
    assert preflight(idle)["Look"] == "none"


@pytest.mark.parametrize("protocol", ["UDP", "TCP_UDP", "QUIC", "TCP_QUIC"])
def test_without_connections_a_look_proves_nothing(world: World, preflight: Any, protocol: str) -> None:
    """One group whose datagrams nobody can see is enough to wait for the whole delay."""
    web = world.group("web", (ME, 80, "healthy"))
    dns = world.group("dns", (ME, 53, "healthy"), Protocol=protocol)

    assert preflight(web, dns)["Look"] == "none"


def test_hosts_that_are_not_looked_at(world: World, preflight: Any) -> None:
    """Windows has no such look, and the caller may not want one; nothing is read for them."""
    web = world.group("web", (ME, 80, "healthy"))

    assert preflight(web, wait_for="delay")["Look"] == "none"
    world.agents[ME]["PlatformType"] = "Windows"
    assert preflight(web)["Look"] == "none"
    assert world.made("DescribeLoadBalancers", "DescribeSubnets") == []


def test_who_is_left_alone_is_not_looked_at(world: World, preflight: Any) -> None:
    """Every outcome has the outputs that later steps refer to."""
    world.instances[ME]["State"] = {"Name": "stopped"}

    assert preflight()["Look"] == "none"
