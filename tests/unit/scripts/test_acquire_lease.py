"""AcquireLease: what must be left in every target group, and the record that everything later works with."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from unit.scripts.world import EXECUTION, ME, START, World

A, B, C, D, E = (f"i-{digit * 17}" for digit in "abcde")
ROLL = "99999999-8888-7777-6666-555555555555"
PER_ZONE = {"load_balancing.cross_zone.enabled": "false"}


@pytest.fixture
def acquire(world: World, run: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    def runner(*groups: str, count: int = 1, percent: int = 50, propagation: int = 30, **event: Any) -> dict[str, Any]:
        world.table.items = {k: v for k, v in world.table.items.items() if v.get("LeaseOwner") != {"S": EXECUTION}}
        for holders in world.table.items.values():
            if holders.get("Holders", {}).get("SS", [""])[0].startswith(ME):
                del holders["Holders"]
        found: list[Any] = event.pop("seen", [])
        for group in () if found else groups:
            own = [d for d in world.targets[group] if d["Target"]["Id"] == ME]
            entry = {"Arn": group, "Protocol": world.groups[group]["Protocol"], "States": []}
            found.append({**entry, "Targets": [d["Target"] for d in own]})
        planned = run("plan_drain", Registrations=json.dumps(found), PropagationSeconds=propagation)
        assessment = {"Outcome": "continue", "Registrations": planned["Registrations"], "Roll": ROLL, "Look": "none"}
        assessment["CommitBefore"] = event.pop("CommitBefore", "0")
        settings = {"MinHealthyCount": str(count), "MinHealthyPercent": str(percent), "MaxUnavailable": "1"}
        settings["Assessment"] = [json.dumps(assessment)]
        answer = run("acquire_lease", **{"InstanceId": ME, **settings, **event})
        return {**answer, "Registrations": json.loads(answer["Registrations"])}

    return runner


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        ("compliant", "COMPLIANT: nothing"),
        ("skipped", "INSTANCE_GONE: gone: for good"),
        ("deferred", "FREEZE: closed"),
        ("failed", "SCAN_FAILED: no"),
    ],
)
def test_what_was_found_is_passed_on(world: World, run: Any, outcome: str, sentence: str, listed: bool) -> None:
    """Without something to do there is no lease and no call: outcome and words are the assess runbook's own."""
    found = {"Outcome": outcome, "Sentence": sentence, "Roll": ROLL, "CommitBefore": "7", "Look": "none"}
    text = json.dumps({**found, "Registrations": "[]"})
    settings = {"MinHealthyCount": "1", "MinHealthyPercent": "50", "MaxUnavailable": "1"}

    answer = run("acquire_lease", Assessment=[text] if listed else text, **settings)

    assert answer == {**found, "Registrations": "[]", "WaitSeconds": "0"}
    assert world.table.items == {} and world.calls == []


@pytest.mark.parametrize("text", ["", "{{Assess.Output}}", "{}", "null"])
def test_no_verdict_is_a_failure(world: World, run: Any, text: str) -> None:
    """What is not a whole verdict fails the step; nothing is taken."""
    settings = {"MinHealthyCount": "1", "MinHealthyPercent": "50", "MaxUnavailable": "1"}

    with pytest.raises((ValueError, KeyError, TypeError)):
        run("acquire_lease", Assessment=[text], **settings)

    assert world.table.items == {} and world.calls == []


def floor_code(answer: dict[str, Any]) -> str:
    return str(answer["Sentence"].split(":")[0] if answer["Outcome"] != "continue" else "OK")


def healthy(*names: str) -> list[tuple[str, int, str]]:
    return [(name, 80, "healthy") for name in names]


@pytest.mark.parametrize(
    ("others", "count", "percent", "code"),
    [
        ([], 1, 0, "FLOOR"),  # alone
        ([], 0, 0, "OK"),  # nobody asked for anything
        ([A], 1, 50, "OK"),  # a fleet of two can be patched
        ([A], 2, 0, "FLOOR"),
        ([A, B], 1, 50, "OK"),  # half of 3 is 1.5, so 2
        ([A, B], 1, 67, "FLOOR"),  # 2.01 is more than 2
        ([A, B], 1, 66, "OK"),
        ([A, B, C], 1, 75, "OK"),
        ([A, B, C], 1, 76, "FLOOR"),
        ([A, B, C], 4, 50, "FLOOR"),
        ([A, B, C, D], 1, 100, "FLOOR"),
    ],
)
def test_floor_by_count_and_percent(
    world: World, acquire: Any, others: list[str], count: int, percent: int, code: str
) -> None:
    """What is left without this instance is at least the count, and the percentage of all registered, rounded up."""
    web = world.group("web", *healthy(ME, *others))

    assert floor_code(acquire(web, count=count, percent=percent)) == code


@pytest.mark.parametrize("state", ["initial", "unhealthy", "unhealthy.draining", "draining", "unused", "unavailable"])
def test_only_healthy_targets_count(world: World, acquire: Any, state: str) -> None:
    """A target in any other state carries no traffic that could be counted on."""
    web = world.group("web", *healthy(ME, A), (B, 80, state))

    assert floor_code(acquire(web, count=2, percent=0)) == "FLOOR"


@pytest.mark.parametrize(
    ("override", "code"),
    [("zonal_shift_active", "FLOOR"), ("no_override", "OK"), ("zonal_shift_delegated_to_dns", "OK")],
)
def test_target_under_a_zonal_shift_does_not_count(world: World, acquire: Any, override: str, code: str) -> None:
    """A target that gets no traffic because an operator moved it away is not capacity."""
    web = world.group("web", *healthy(ME, A))
    world.targets[web][1]["AdministrativeOverride"] = {"State": override}

    assert floor_code(acquire(web)) == code


def test_the_weakest_group_decides(world: World, acquire: Any) -> None:
    """Every target group must be able to spare the instance."""
    web, api = world.group("web", *healthy(ME, A, B)), world.group("api", *healthy(ME))

    answer = acquire(web, api)

    assert floor_code(answer) == "FLOOR" and api in answer["Sentence"]


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("dns_failover.minimum_healthy_targets.count", "3", "FLOOR"),
        ("unhealthy_state_routing.minimum_healthy_targets.count", "3", "FLOOR"),
        ("dns_failover.minimum_healthy_targets.percentage", "70", "FLOOR"),
        ("unhealthy_state_routing.minimum_healthy_targets.percentage", "67", "FLOOR"),
        ("unhealthy_state_routing.minimum_healthy_targets.percentage", "66", "OK"),
        ("dns_failover.minimum_healthy_targets.count", "off", "OK"),
        ("dns_failover.minimum_healthy_targets.count", "2", "OK"),
    ],
)
def test_the_groups_own_minima_count(world: World, acquire: Any, key: str, value: str, code: str) -> None:
    """Below its own thresholds a group fails open or out of DNS, so they are part of the floor."""
    web = world.group("web", *healthy(ME, A, B), attributes={f"target_group_health.{key}": value})

    assert floor_code(acquire(web, percent=0)) == code


@pytest.mark.parametrize(
    ("cross_zone", "protocol", "code"),
    [
        ("false", "HTTP", "FLOOR"),
        ("true", "HTTP", "OK"),
        ("use_load_balancer_configuration", "HTTPS", "OK"),  # always on for an Application Load Balancer
        ("use_load_balancer_configuration", "TCP", "FLOOR"),  # off by default for a Network Load Balancer
        ("true", "TCP", "OK"),
    ],
)
def test_without_cross_zone_balancing_every_zone_keeps_its_floor(
    world: World, acquire: Any, cross_zone: str, protocol: str, code: str
) -> None:
    """The last target of a zone stays where the zones do not help each other out."""
    world.instance(ME, "eu-west-1b")
    attributes = {"load_balancing.cross_zone.enabled": cross_zone}
    web = world.group("web", *healthy(ME, A, B), attributes=attributes, Protocol=protocol)

    assert floor_code(acquire(web)) == code


def test_percentage_is_taken_in_each_zone(world: World, acquire: Any) -> None:
    """Two of three in the zone are enough for 60 %, one of two is not."""
    for name in (A, B):
        world.instance(name, "eu-west-1a")
    for name in (C, D):
        world.instance(name, "eu-west-1b")
    web = world.group("web", *healthy(ME, A, B, C, D), attributes=PER_ZONE)

    answer = acquire(web, percent=60)

    assert answer["Registrations"][0]["Floor"] == {"*": 3, "eu-west-1a": 2, "eu-west-1b": 2}


def test_sick_zone_defers_the_others(world: World, acquire: Any) -> None:
    """While a zone is below its floor, no other zone gives up a target either."""
    world.instance(A, "eu-west-1a")
    world.instance(B, "eu-west-1b")
    web = world.group("web", *healthy(ME, A), (B, 80, "unhealthy"), attributes=PER_ZONE)

    answer = acquire(web, percent=0)

    assert floor_code(answer) == "FLOOR" and "eu-west-1b" in answer["Sentence"]


def test_zones_of_many_targets_are_asked_for_in_parts(world: World, acquire: Any) -> None:
    """EC2 takes 200 values a filter; a larger group is asked for in several calls."""
    names = [f"i-{number:017x}" for number in range(450)]
    web = world.group("web", *healthy(ME, *names), attributes=PER_ZONE)

    answer = acquire(web)

    assert answer["Outcome"] == "continue" and len(world.made("DescribeInstances")) == 3


def test_target_that_ec2_does_not_know_is_in_no_zone(world: World, acquire: Any) -> None:
    """A terminated instance that is still registered makes no zone richer."""
    web = world.group("web", *healthy(ME, A), attributes=PER_ZONE)
    del world.instances[A]

    answer = acquire(web, percent=0)

    assert floor_code(answer) == "FLOOR" and "eu-west-1a" in answer["Sentence"]


def test_unhealthy_instance_costs_no_capacity(world: World, acquire: Any) -> None:
    """An instance that is unhealthy already may go although the floor does not hold, and need not be healthy later."""
    web = world.group("web", (ME, 80, "unhealthy"), *healthy(A), (B, 80, "unhealthy"))

    answer = acquire(web, count=2, percent=100)

    assert answer["Outcome"] == "continue" and answer["Registrations"][0]["Healthy"] == []


def test_unhealthy_instance_stays_when_nobody_else_is_healthy(world: World, acquire: Any) -> None:
    """Where no target is healthy the group sends to all of them, so this one may be serving."""
    web = world.group("web", (ME, 80, "unhealthy"), (A, 80, "unhealthy"))

    assert floor_code(acquire(web, count=0, percent=0)) == "FLOOR"


def test_group_that_is_not_in_use_has_no_floor(world: World, acquire: Any) -> None:
    """A target group without a load balancer sends nothing: it has no floor and nothing to become healthy."""
    spare = world.group("spare", (ME, 80, "unused"))

    answer = acquire(spare, count=5)

    assert answer["Outcome"] == "continue"
    assert (answer["Registrations"][0]["Floor"], answer["Registrations"][0]["Healthy"]) == ({}, [])


def test_all_ports_of_this_instance_leave_together(world: World, acquire: Any) -> None:
    """Two ports of one instance are two targets: both go, both count as registered."""
    web = world.group("web", (ME, 80, "healthy"), (ME, 81, "healthy"), (A, 80, "healthy"), (A, 81, "healthy"))

    answer = acquire(web, percent=50)

    assert answer["Registrations"][0]["Floor"] == {"*": 2}
    assert answer["Registrations"][0]["Healthy"] == [{"Id": ME, "Port": 80}, {"Id": ME, "Port": 81}]
    assert floor_code(acquire(web, percent=51)) == "FLOOR"


def test_waits_a_short_time_for_capacity(world: World, acquire: Any) -> None:
    """Another instance that comes back within five minutes is waited for."""
    web = world.group("web", *healthy(ME), (A, 80, "initial"))
    world.clock.at(100, lambda: world.state(A, 80, web, "healthy"))

    assert acquire(web)["Outcome"] == "continue"
    assert 100 <= world.clock.now - START <= 115


def test_gives_up_after_five_minutes(world: World, acquire: Any) -> None:
    """A group that stays short defers this instance; nothing was touched."""
    web = world.group("web", *healthy(ME))

    answer = acquire(web)

    assert (floor_code(answer), answer["Registrations"], world.clock.now - START) == ("FLOOR", [], 300)
    assert world.made("DeregisterTargets", "RegisterTargets") == []


def test_changed_registration_is_deferred(world: World, acquire: Any) -> None:
    """Who changes this instance's registration while it waits is left to it: deferred."""
    web = world.group("web", *healthy(ME), (A, 80, "initial"))
    world.clock.at(40, lambda: world.state(ME, 80, web, "draining"))

    assert floor_code(acquire(web)) == "REGISTRATION_CHANGED"


def test_added_port_is_a_change(world: World, acquire: Any) -> None:
    """A port that was not registered when Preflight looked is not ours to drain."""
    web = world.group("web", *healthy(ME, A))
    seen = [{"Arn": web, "Protocol": "HTTP", "States": [], "Targets": []}]

    assert floor_code(acquire(web, seen=seen)) == "REGISTRATION_CHANGED"


def test_group_that_does_not_hold_it(world: World, acquire: Any) -> None:
    """A fleet's group without this instance has no floor for it, and its delay is not waited for."""
    web = world.group("web", *healthy(ME, A), attributes={"deregistration_delay.timeout_seconds": "60"})
    api = world.group("api", *healthy(B), attributes={"deregistration_delay.timeout_seconds": "900"})

    answer = acquire(web, api)

    assert (answer["Outcome"], answer["WaitSeconds"]) == ("continue", "65")
    assert [(g["Targets"], g["Healthy"], g["Floor"]) for g in answer["Registrations"]][1] == ([], [], {})


def test_order_of_ports_is_no_change(world: World, acquire: Any) -> None:
    """DescribeTargetHealth promises no order."""
    web = world.group("web", *healthy(ME, A), (ME, 81, "healthy"), (A, 81, "healthy"))
    targets = [{"Id": ME, "Port": 81}, {"Id": ME, "Port": 80}]
    seen = [{"Arn": web, "Protocol": "HTTP", "States": [], "Targets": targets}]

    assert acquire(web, seen=seen)["Registrations"][0]["Targets"] == targets


@pytest.mark.parametrize(
    ("delay", "propagation", "protocol", "seconds"),
    [
        ("0", 30, "HTTP", 30),
        ("0", 60, "HTTPS", 60),
        ("0", 30, "TCP", 120),
        ("0", 30, "TCP_UDP", 120),
        ("0", 180, "TLS", 180),
        ("300", 30, "HTTP", 305),
        ("900", 30, "HTTP", 905),
        ("3600", 30, "UDP", 3605),
        ("28", 30, "HTTP", 33),
    ],
)
def test_how_long_to_wait(
    world: World, acquire: Any, delay: str, propagation: int, protocol: str, seconds: int
) -> None:
    """The delay and a margin, but never less than the load balancer may go on sending."""
    attributes = {"deregistration_delay.timeout_seconds": delay, "load_balancing.cross_zone.enabled": "true"}
    web = world.group("web", *healthy(ME, A), attributes=attributes, Protocol=protocol)

    assert acquire(web, propagation=propagation)["WaitSeconds"] == str(seconds)


def test_longest_delay_of_all_groups(world: World, acquire: Any) -> None:
    """The slowest group decides how long to wait."""
    web = world.group("web", *healthy(ME, A), attributes={"deregistration_delay.timeout_seconds": "10"})
    api = world.group("api", *healthy(ME, A), attributes={"deregistration_delay.timeout_seconds": "600"})

    assert acquire(web, api)["WaitSeconds"] == "605"


def test_instance_that_serves_nowhere_needs_no_lease(acquire: Any) -> None:
    """Without a registration there is no floor and nothing to wait for."""
    answer = acquire()

    assert (answer["Outcome"], answer["Registrations"], answer["WaitSeconds"]) == ("continue", [], "0")


def test_one_transaction_takes_all(world: World, acquire: Any) -> None:
    """Record and leases of every group that holds it, and of no other, are written at once."""
    web = world.group("web", (ME, 80, "healthy"), (ME, 81, "healthy"), *healthy(A), (A, 81, "healthy"))
    api, spare = world.group("api", *healthy(ME, A)), world.group("spare", *healthy(B))

    answer = acquire(web, api, spare)

    found = world.table.get(f"INSTANCE#{ME}")
    assert (found["LeaseOwner"], found["LeaseState"], found["Roll"]) == (EXECUTION, "LEASED", ROLL)
    assert json.loads(found["Record"]) == answer["Registrations"]
    assert world.table.leases == {web: [f"{ME} 2"], api: [f"{ME} 1"]}
    assert len(world.made("TransactWriteItems")) == 1 and world.made("UpdateItem") == []


@pytest.mark.parametrize(("maximum", "code"), [("1", "NO_LEASE"), ("2", "OK")])
def test_no_more_than_max_unavailable(world: World, acquire: Any, maximum: str, code: str) -> None:
    """Another holder leaves room only where more than one may be out."""
    web = world.group("web", *healthy(ME, A, B, C))
    world.table.put(f"TG#{web}", Holders=[f"{A} 1"])

    assert floor_code(acquire(web, MaxUnavailable=maximum)) == code


def test_holder_that_still_looks_healthy_is_no_capacity(world: World, acquire: Any) -> None:
    """It may leave at any moment: with A and this one out, one of three would be left."""
    web = world.group("web", *healthy(ME, A, B))
    world.table.put(f"TG#{web}", Holders=[f"{A} 1"])

    assert floor_code(acquire(web, MaxUnavailable="9", percent=50)) == "FLOOR"
    assert floor_code(acquire(web, MaxUnavailable="9", percent=33)) == "OK"


def test_holder_that_is_out_is_still_registered_before_us(world: World, acquire: Any) -> None:
    """The percentage is of what was registered before anybody left: the floor of five does not sink with two out."""
    web = world.group("web", *healthy(ME, A, B))
    world.table.put(f"TG#{web}", Holders=[f"{C} 1", f"{D} 1"])

    assert floor_code(acquire(web, MaxUnavailable="9", percent=50)) == "FLOOR"  # half of 5 is 3, 2 would be left


def test_waits_for_a_lease(world: World, acquire: Any) -> None:
    """A lease that is given back within five minutes is taken."""
    web = world.group("web", *healthy(ME, A, B))
    world.table.put(f"TG#{web}", Holders=[f"{A} 1"])
    world.clock.at(100, lambda: world.table.items.pop(f"TG#{web}"))

    assert acquire(web)["Outcome"] == "continue"
    assert 100 <= world.clock.now - START <= 115


def test_somebody_is_faster(world: World, acquire: Any) -> None:
    """A lease taken between look and transaction breaks the condition; nothing is written."""
    web = world.group("web", *healthy(ME, A, B))
    world.table.faster = lambda: world.table.put(f"TG#{web}", Holders=[f"{A} 1"])

    assert floor_code(acquire(web)) == "NO_LEASE"
    assert (world.table.get(f"INSTANCE#{ME}"), world.table.leases) == ({}, {web: [f"{A} 1"]})


def test_two_executions_for_one_instance(world: World, acquire: Any) -> None:
    """The second finds the record of the first, whatever leases are free."""
    web = world.group("web", *healthy(ME, A, B))
    world.table.open_record(ME, "another", "LEASED")

    assert floor_code(acquire(web, MaxUnavailable="9")) == "OPEN_RECORD"
    assert world.table.get(f"INSTANCE#{ME}")["LeaseOwner"] == "another"


def test_halted_roll_gives_no_lease(world: World, acquire: Any) -> None:
    """A roll that was halted ends the wait at once."""
    web = world.group("web", *healthy(ME, A))
    world.table.put(f"ROLL#{ROLL}", Halted="i-0")

    answer = acquire(web)

    assert answer["Sentence"] == "ROLL_HALTED: This roll was stopped: i-0."
    assert world.clock.now == START and world.table.leases == {}


def test_roll_halted_at_the_same_moment(world: World, acquire: Any) -> None:
    """The transaction itself checks the roll."""
    web = world.group("web", *healthy(ME, A))
    world.table.faster = lambda: world.table.put(f"ROLL#{ROLL}", Halted="i-0")

    assert floor_code(acquire(web)) == "ROLL_HALTED" and world.table.leases == {}


def test_refused_write_is_a_failure(world: World, acquire: Any) -> None:
    """What is no lost race is not waited for."""
    world.fail("dynamodb.TransactWriteItems", "AccessDeniedException")

    with pytest.raises(ClientError, match="AccessDenied"):
        acquire()


@pytest.mark.parametrize(("left", "outcome"), [(305, "continue"), (304, "deferred")])
def test_the_drain_must_fit_before_the_last_commit(world: World, acquire: Any, left: int, outcome: str) -> None:
    """With a delay of 300 s and its margin of 5 the commit comes 305 s later: a second too late is deferred."""
    web = world.group("web", *healthy(ME, A))

    answer = acquire(web, CommitBefore=str(int(START) + left))

    assert answer["Outcome"] == outcome
    assert answer["Sentence"].startswith("WINDOW_CLOSING: ") is (outcome == "deferred")
    assert bool(world.table.leases) is (outcome == "continue")


def test_waiting_for_a_lease_ends_with_the_window(world: World, acquire: Any) -> None:
    """Who waits is deferred as soon as the time is over, not after the whole wait."""
    web = world.group("web", *healthy(ME, A, B))
    world.table.put(f"TG#{web}", Holders=[f"{A} 1"])

    answer = acquire(web, CommitBefore=str(int(START) + 305 + 40))

    assert answer["Sentence"].startswith("WINDOW_CLOSING: ")
    assert world.clock.now - START == 45


def test_a_pause_gives_no_lease(world: World, acquire: Any) -> None:
    """While an item PAUSE stands in the table nobody gets one, whatever stands in the item."""
    web = world.group("web", *healthy(ME, A))
    world.table.put("PAUSE", Reason="sale")

    answer = acquire(web)

    assert (answer["Outcome"], answer["Sentence"].split(":")[0]) == ("deferred", "PAUSED")
    assert world.table.leases == {}


def test_a_pause_at_the_same_moment(world: World, acquire: Any) -> None:
    """The transaction itself checks the pause: one that came after the last look gives no lease either."""
    web = world.group("web", *healthy(ME, A))
    world.table.faster = lambda: world.table.put("PAUSE", Reason="incident")

    assert floor_code(acquire(web)) == "PAUSED" and world.table.leases == {}


def test_conflict_with_another_transaction(world: World, acquire: Any) -> None:
    """All rolls check the same items: two transactions at one moment cost one of them a look, not its turn."""
    web = world.group("web", *healthy(ME, A))
    world.table.conflicts = 1

    assert floor_code(acquire(web)) == "OK"
    assert world.clock.now - START == 15 and world.table.leases == {web: [f"{ME} 1"]}


def test_fifty_target_groups_in_one_transaction(world: World, acquire: Any) -> None:
    """As many groups as a fleet may name fit beside the record, the roll and the pause: DynamoDB takes 100 writes."""
    groups = [world.group(f"web{number}", *healthy(ME, A)) for number in range(50)]

    assert floor_code(acquire(*groups)) == "OK"
    assert len(world.made("TransactWriteItems")[0]["TransactItems"]) == 53
