"""Elastic Load Balancing's rules: who gets new requests."""

import pytest

from albpatch.region.hosts import Profile
from data_plane import Fleet


@pytest.fixture
def fleet():
    made = Fleet()
    yield made
    made.region.close()


def keys(*ids, port=80):
    """Routing keys of instances."""
    return sorted(f"{i}|{port}" for i in ids)


def test_a_delay_of_zero_ends_the_registration_at_once(fleet):
    """With delay 0 the target is gone at once, yet new requests still arrive for 17 s."""
    arn, (one, two) = fleet.steady(deregistration_delay__timeout_seconds=0), fleet.ids
    fleet.deregister(arn, one)

    assert fleet.health(arn) == [(two, 80, "healthy", "")]
    assert fleet.balancing.routed(arn) == keys(one, two)
    fleet.pass_time(16.9)
    assert fleet.balancing.routed(arn) == keys(one, two)
    fleet.pass_time(0.2)
    assert fleet.balancing.routed(arn) == keys(two)


@pytest.mark.parametrize(("protocol", "late"), [("HTTP", 17), ("TCP", 120)])
def test_late_requests_outlast_the_deregistration(fleet, protocol, late):
    """Requests go on arriving for 17 s behind an ALB and 120 s behind an NLB, and the journal says which are late."""
    arn, (one, two) = fleet.steady(protocol=protocol, load_balancing__cross_zone__enabled="true"), fleet.ids
    fleet.deregister(arn, one)
    begin = fleet.clock.time()
    fleet.pass_time(late + 1)

    last = fleet.journal.of("routing", arn)[-2:]
    assert [(e.time - begin, e.detail["routed"], e.detail["late"]) for e in last] == [
        (0, keys(one, two), keys(one)),
        (late, keys(two), []),
    ]


def test_an_unhealthy_target_that_is_deregistered_gets_no_late_requests(fleet):
    """Only a target that was being sent requests can get late ones."""
    arn, (one, two) = fleet.steady(HealthCheckIntervalSeconds=5), fleet.ids
    fleet.hosts.sicken(one)
    fleet.pass_time(15)
    fleet.deregister(arn, one)

    assert fleet.balancing.routed(arn) == keys(two)
    assert fleet.health(arn, {"Id": one})[0][2] == "draining"


def test_one_instance_on_two_ports_is_two_targets(fleet):
    """Each port of an instance is registered, drained and routed for itself."""
    arn, one = fleet.group(), fleet.ids[0]
    fleet.register(arn, one)
    fleet.register(arn, one, port=8081)
    fleet.pass_time(40)
    fleet.deregister(arn, one, port=8081)
    fleet.pass_time(20)

    assert [(port, state) for _, port, state, _ in fleet.health(arn)] == [(80, "healthy"), (8081, "draining")]
    assert fleet.balancing.routed(arn) == keys(one)


def test_an_instance_in_two_groups(fleet):
    """A target's state in one group says nothing about another group."""
    first, second = fleet.steady("first"), fleet.steady("second")
    fleet.deregister(first, fleet.ids[0])

    assert fleet.states(first) == ["draining", "healthy"]
    assert fleet.states(second) == ["healthy", "healthy"]


def test_fail_open(fleet):
    """When no target is healthy every registered one gets requests, draining ones excepted."""
    arn, (one, two) = fleet.steady(HealthCheckIntervalSeconds=5), fleet.ids
    for each in fleet.ids:
        fleet.hosts.sicken(each)
    fleet.pass_time(15)
    assert fleet.states(arn) == ["unhealthy", "unhealthy"]
    assert fleet.balancing.routed(arn) == keys(one, two)

    fleet.deregister(arn, one)
    fleet.pass_time(20)
    assert fleet.balancing.routed(arn) == keys(two)


def test_an_unhealthy_target_beside_a_healthy_one_gets_nothing(fleet):
    """Without fail-open only healthy targets are sent requests; a new one counts only after its first check."""
    arn, (one, two) = fleet.steady(HealthCheckIntervalSeconds=5), fleet.ids
    fleet.hosts.sicken(one)
    fleet.pass_time(15)
    fleet.register(arn, two, port=81)

    assert fleet.balancing.routed(arn) == keys(two)


@pytest.mark.parametrize(
    ("attribute", "value", "opens"),
    [("count", "2", True), ("count", "1", False), ("percentage", "60", True), ("percentage", "50", False)],
)
def test_unhealthy_state_routing(fleet, attribute, value, opens):
    """Fewer healthy targets than the group's minimum open it to all targets."""
    key = f"target_group_health__unhealthy_state_routing__minimum_healthy_targets__{attribute}"
    arn, (one, two) = fleet.steady(HealthCheckIntervalSeconds=5, **{key: value}), fleet.ids
    fleet.hosts.sicken(one)
    fleet.pass_time(15)

    assert fleet.balancing.routed(arn) == (keys(one, two) if opens else keys(two))


@pytest.mark.parametrize(
    ("protocol", "attribute", "opens"), [("HTTP", None, False), ("HTTP", "false", True), ("TCP", None, True)]
)
def test_zones_fail_open_by_themselves_without_cross_zone_balancing(fleet, protocol, attribute, opens):
    """Cross-zone balancing is on for an ALB unless the group turns it off, and off for an NLB unless turned on."""
    more = {} if attribute is None else {"load_balancing__cross_zone__enabled": attribute}
    arn, (one, two) = fleet.steady(protocol=protocol, HealthCheckIntervalSeconds=10, **more), fleet.ids
    fleet.hosts[one].change(application_up=False)
    fleet.pass_time(40)

    assert fleet.health(arn)[0][2] == "unhealthy"
    assert fleet.balancing.routed(arn) == (keys(one, two) if opens else keys(two))


def test_a_network_load_balancer_can_turn_cross_zone_balancing_on(fleet):
    """A group that leaves it to its load balancer follows the load balancer's attribute."""
    arn, (one, two) = fleet.steady(protocol="TCP", HealthCheckIntervalSeconds=10), fleet.ids
    on = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
    fleet.make("elbv2", "ModifyLoadBalancerAttributes", LoadBalancerArn=fleet.balancers[arn], Attributes=on)
    fleet.hosts[one].change(application_up=False)
    fleet.pass_time(40)

    assert fleet.balancing.routed(arn) == keys(two)


def test_a_group_without_a_load_balancer_is_not_in_use(fleet):
    """Targets are unused until a listener forwards to their group; then their checks begin."""
    arn, one = fleet.group(used=False), fleet.ids[0]
    fleet.register(arn, one)
    fleet.pass_time(100)
    assert fleet.health(arn) == [(one, 80, "unused", "Target.NotInUse")]
    assert fleet.balancing.routed(arn) == []

    fleet.use(arn, "web")
    assert fleet.health(arn) == [(one, 80, "initial", "Elb.RegistrationInProgress")]
    fleet.pass_time(40)
    assert fleet.states(arn) == ["healthy"]


def test_a_stopped_instance_is_unused_and_comes_back(fleet):
    """A stopped instance keeps its registration, gets nothing, and is checked afresh when it runs again."""
    arn, (one, two) = fleet.steady(), fleet.ids
    fleet.hosts[one].stop()
    assert fleet.health(arn, {"Id": one}) == [(one, 80, "unused", "Target.InvalidState")]
    assert fleet.balancing.routed(arn) == keys(two)

    fleet.hosts[one].start()
    fleet.pass_time(400)
    assert fleet.states(arn) == ["healthy", "healthy"]


def test_requests_go_round(fleet):
    """Targets take turns; with nobody to send to there is no target."""
    arn, empty = fleet.steady(), fleet.group("empty")

    assert sorted(fleet.balancing.pick(arn).key for _ in range(4)) == sorted(keys(*fleet.ids) * 2)
    assert fleet.balancing.pick(empty) is None


def test_a_machine_that_never_comes_back_stays_unhealthy(fleet):
    """Without a host that answers, a registered target stays unhealthy for ever."""
    gone = fleet.instance(7, Profile(comes_back=False))
    arn = fleet.steady()
    fleet.register(arn, gone)
    fleet.pass_time(40)
    fleet.hosts[gone].reboot()
    fleet.pass_time(86_400)

    assert fleet.health(arn, {"Id": gone})[0][2:] == ("unhealthy", "Target.FailedHealthChecks")
    assert fleet.balancing.routed(arn) == keys(*fleet.ids)
