"""Elastic Load Balancing's rules: target states over time."""

import pytest

from albpatch.region.health_checks import phase
from albpatch.region.hosts import Profile
from albpatch.region.operations import NotKnownHere
from data_plane import Fleet


@pytest.fixture
def fleet():
    made = Fleet()
    yield made
    made.region.close()


def test_one_passed_check_makes_a_new_target_healthy(fleet):
    """The first passed check is enough, whatever the healthy threshold, and comes at the target's own phase."""
    arn = fleet.group(HealthyThresholdCount=10)
    fleet.register(arn, fleet.ids[0])
    target = fleet.balancing.targets(arn)[0]

    fleet.pass_time(40)

    first = phase(target, 30)
    assert 1 <= first <= 30
    assert fleet.changes(arn, fleet.ids[0]) == [(0, "initial"), (pytest.approx(first + 0.05), "healthy")]


def test_the_reason_of_initial_changes_with_the_first_failed_check(fleet):
    """Registration in progress until a check has failed, initial health checking until the threshold is reached."""
    fleet.hosts.sicken(fleet.ids[0])
    arn = fleet.group(HealthCheckIntervalSeconds=10, UnhealthyThresholdCount=3)
    fleet.register(arn, fleet.ids[0])

    seen = []
    for _ in range(4):
        seen.append(fleet.health(arn)[0][2:])
        fleet.pass_time(10)

    assert seen[0] == ("initial", "Elb.RegistrationInProgress")
    assert seen[1] == seen[2] == ("initial", "Elb.InitialHealthChecking")
    assert seen[3] == ("unhealthy", "Target.ResponseCodeMismatch")


@pytest.mark.parametrize(
    ("interval", "unhealthy", "healthy"), [(30, 2, 5), (10, 2, 2), (5, 10, 10), (300, 3, 2)], ids=str
)
def test_thresholds_and_interval(fleet, interval, unhealthy, healthy):
    """A target changes state after exactly its threshold of checks in a row, one every interval."""
    arn = fleet.group(
        HealthCheckIntervalSeconds=interval, UnhealthyThresholdCount=unhealthy, HealthyThresholdCount=healthy
    )
    one = fleet.ids[0]
    fleet.register(arn, one)
    fleet.pass_time(interval + 1)
    begin = fleet.clock.time() - fleet.journal.entries[0].time

    fleet.hosts.sicken(one)
    fleet.pass_time(interval * (unhealthy + 1))
    fleet.hosts.recover(one)
    fleet.pass_time(interval * (healthy + 1))

    (_, went), (_, came) = fleet.changes(arn, one)[-2:]
    down, up = (
        fleet.changes(arn, one)[-2][0] - begin,
        fleet.changes(arn, one)[-1][0] - begin - interval * (unhealthy + 1),
    )
    assert (went, came) == ("unhealthy", "healthy")
    assert interval * (unhealthy - 1) < down <= interval * unhealthy + 0.1
    assert interval * (healthy - 1) < up <= interval * healthy + 0.1


def test_a_failure_between_two_checks_is_not_seen(fleet):
    """What fails and recovers between two checks changes nothing."""
    arn = fleet.steady(HealthCheckIntervalSeconds=300)
    fleet.pass_time(300)
    before = len(fleet.journal.of("target"))

    fleet.hosts.sicken(fleet.ids[0])
    fleet.pass_time(0.01)
    fleet.hosts.recover(fleet.ids[0])
    fleet.pass_time(1200)

    assert fleet.states(arn) == ["healthy", "healthy"]
    assert len(fleet.journal.of("target")) == before


def test_one_failed_check_is_forgotten_after_a_passed_one(fleet):
    """Failures count only in a row: fail, pass, fail never makes a target with threshold 2 unhealthy."""
    arn, one = fleet.steady(HealthCheckIntervalSeconds=10), fleet.ids[0]

    for _ in range(4):
        fleet.hosts.sicken(one)
        fleet.pass_time(10)
        fleet.hosts.recover(one)
        fleet.pass_time(10)

    assert "unhealthy" not in [state for _, state in fleet.changes(arn, one)]


def test_nothing_happens_while_nothing_changes(fleet):
    """A steady target costs no timer: a year passes without one journal entry."""
    fleet.steady()
    before = len(fleet.journal.entries)

    fleet.pass_time(365 * 86_400)

    assert len(fleet.journal.entries) == before


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("sick", "Target.ResponseCodeMismatch"),
        ("starting", "Target.FailedHealthChecks"),
        ("rebooting", "Target.FailedHealthChecks"),
    ],
)
def test_why_a_target_is_unhealthy(fleet, state, reason):
    """An error answer, a refused connection and a machine that is away have ELB's own reasons."""
    arn, host = fleet.steady(HealthCheckIntervalSeconds=5), fleet.hosts[fleet.ids[0]]

    if state == "rebooting":
        host.reboot()
    else:
        host.change(**({"sick": True} if state == "sick" else {"application_up": False}))
    fleet.pass_time(15)

    assert host.state == state
    assert fleet.health(arn)[0][2:] == ("unhealthy", reason)


def test_a_slow_answer_times_out(fleet):
    """An answer later than the check's timeout is Target.Timeout, known only when the timeout has passed."""
    slow = fleet.instance(2, Profile(answer_seconds=6.0))
    arn = fleet.group(HealthCheckIntervalSeconds=10, HealthCheckTimeoutSeconds=5)
    fleet.register(arn, slow)
    fleet.pass_time(40)

    assert fleet.health(arn)[0][2:] == ("unhealthy", "Target.Timeout")
    first = phase(fleet.balancing.targets(arn)[0], 10)
    assert fleet.changes(arn, slow)[-1] == (pytest.approx(first + 10 + 5), "unhealthy")


@pytest.mark.parametrize(
    ("matcher", "healthy"), [("200", False), ("200-399", False), ("200,503", True), ("500-599", True)]
)
def test_the_matcher_decides(fleet, matcher, healthy):
    """An answer 503 passes exactly when the group's matcher contains it."""
    fleet.hosts.sicken(fleet.ids[0])
    arn = fleet.group(Matcher={"HttpCode": matcher}, HealthCheckIntervalSeconds=5)
    fleet.register(arn, fleet.ids[0])
    fleet.pass_time(20)

    assert fleet.states(arn) == ["healthy" if healthy else "unhealthy"]


def test_a_tcp_check_is_content_with_a_connection(fleet):
    """A TCP health check passes on a host that answers with errors, and fails on one that refuses."""
    fleet.hosts.sicken(fleet.ids[0])
    fleet.hosts[fleet.ids[1]].change(application_up=False)
    arn = fleet.group(protocol="TCP", HealthCheckProtocol="TCP", HealthCheckIntervalSeconds=10)
    fleet.register(arn, *fleet.ids)
    fleet.pass_time(60)

    assert fleet.states(arn) == ["healthy", "unhealthy"]


@pytest.mark.parametrize("delay", [1, 20, 300, 900, 3599])
def test_draining_is_shown_for_the_whole_delay(fleet, delay):
    """A deregistered target is draining exactly as long as the delay, then not registered."""
    arn, one = fleet.steady(deregistration_delay__timeout_seconds=delay), fleet.ids[0]
    fleet.deregister(arn, one)
    begin = fleet.clock.time() - fleet.journal.entries[0].time

    fleet.pass_time(delay - 0.5)
    during = fleet.health(arn, {"Id": one})
    fleet.pass_time(1)

    assert during == [(one, 80, "draining", "Target.DeregistrationInProgress")]
    assert fleet.health(arn, {"Id": one}) == [(one, 80, "unused", "Target.NotRegistered")]
    assert fleet.changes(arn, one)[-2:] == [(begin, "draining"), (pytest.approx(begin + delay), "absent")]


def test_registering_again_while_draining(fleet):
    """A draining target can be registered again: its checks begin afresh and the delay no longer ends it."""
    arn, one = fleet.steady(), fleet.ids[0]
    fleet.deregister(arn, one)
    fleet.pass_time(100)
    fleet.register(arn, one)

    assert fleet.health(arn, {"Id": one})[0][2] == "initial"
    fleet.pass_time(400)
    assert [state for _, state in fleet.changes(arn, one)][-3:] == ["draining", "initial", "healthy"]


def test_a_terminated_instance_is_unused(fleet):
    """A terminated instance gets nothing more."""
    arn, one = fleet.steady(), fleet.ids[0]
    fleet.hosts[one].terminate()

    assert fleet.health(arn, {"Id": one}) == [(one, 80, "unused", "Target.InvalidState")]


def test_settings_are_read_when_they_matter(fleet):
    """A delay that is changed later applies to the next deregistration."""
    arn, one = fleet.steady(), fleet.ids[0]
    pairs = [{"Key": "deregistration_delay.timeout_seconds", "Value": "10"}]
    fleet.make("elbv2", "ModifyTargetGroupAttributes", TargetGroupArn=arn, Attributes=pairs)
    fleet.deregister(arn, one)
    fleet.pass_time(11)

    assert fleet.health(arn, {"Id": one})[0][3] == "Target.NotRegistered"


def test_slow_start_is_not_known_here(fleet):
    """A group with slow start is an error rather than a wrong answer."""
    arn = fleet.group(slow_start__duration_seconds=30)

    with pytest.raises(NotKnownHere, match="slow_start"):
        fleet.register(arn, fleet.ids[0])


def test_a_group_that_is_deleted_takes_its_targets_along(fleet):
    """Nothing happens any more for a deleted group: no check, no end of a delay, no late request, no error."""
    arn, (one, two) = fleet.group(used=False), fleet.ids
    fleet.use(arn, "web")
    fleet.register(arn, one, two)
    fleet.pass_time(60)
    fleet.deregister(arn, one)
    fleet.hosts.sicken(two)
    fleet.make("elbv2", "DeleteLoadBalancer", LoadBalancerArn=fleet.balancers[arn])
    fleet.make("elbv2", "DeleteTargetGroup", TargetGroupArn=arn)
    entries = len(fleet.journal.entries)
    fleet.pass_time(1000)
    fleet.hosts.recover(two)
    fleet.pass_time(1000)

    assert [e.kind for e in fleet.journal.entries[entries:]] == ["host"]
    assert fleet.health(fleet.group(used=False)) == []


def test_who_registered_is_journaled(fleet):
    """Every registration and deregistration that did something names its caller and the labels of its activity."""
    arn, one = fleet.steady(), fleet.ids[0]
    role = fleet.region.assumed_role("patcher", "s")

    def work():
        fleet.clock.current().labels["execution"] = "e-1"
        fleet.region.call(role, "elbv2", "DeregisterTargets", {"TargetGroupArn": arn, "Targets": [{"Id": one}]})

    fleet.clock.spawn("work", work)
    fleet.clock.run()

    entry = fleet.journal.of("registration", f"{arn}|{one}|80")[-1]
    assert entry.detail == {"action": "deregister", "by": role.arn, "labels": {"execution": "e-1"}}
