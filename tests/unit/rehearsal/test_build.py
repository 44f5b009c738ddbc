"""What a scenario says exists comes to exist, and what AWS would refuse is the scenario's mistake."""

import pytest

from albpatch.errors import InputError
from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.load_balancer import LoadBalancing
from albpatch.rehearsal.build import create, region_name, settle, start_machines
from albpatch.rehearsal.scenario import parse

BASE = {
    "exists": {
        "zones": ["eu-central-1a", "eu-central-1b"],
        "target_groups": {"web": {"port": 80, "attributes": {"deregistration_delay.timeout_seconds": 17}}},
        "instances": {
            "a": {
                "zone": "eu-central-1a",
                "tags": {"ALB": "x"},
                "registrations": [{"target_group": "web"}, {"target_group": "web", "port": 81}],
            },
            "b": {"zone": "eu-central-1b", "registrations": [{"target_group": "web"}], "state": "stopped"},
        },
    },
    "profiles": {"p": {}},
    "assign": {"a": "p", "b": "p"},
}


@pytest.fixture
def region():
    made = Region(VirtualClock(), name="eu-central-1")
    attach(made, managed_policies=False)
    yield made
    made.close()


def built(region, **exists):
    scenario = parse({**BASE, "exists": {**BASE["exists"], **exists}})
    world = create(region, scenario)
    start_machines(region, world)
    region.clock.run(region.clock.spawn("settle", settle, region, world))
    return world


def test_everything_that_exists_is_there(region):
    """Zones, tags, ports, attributes and states are as the file says, and running targets are healthy."""
    world = built(region)
    found = region.backend("ec2", "DescribeInstances", {"InstanceIds": [world.machines["a"]]})
    instance = found["Reservations"][0]["Instances"][0]
    settings = region.part(LoadBalancing).settings(world.groups["web"])
    states = {(t.id, t.port): t.state for t in region.part(LoadBalancing).targets(world.groups["web"])}

    assert instance["Placement"]["AvailabilityZone"] == "eu-central-1a"
    assert {"Key": "ALB", "Value": "x"} in instance["Tags"]
    assert settings.deregistration_delay == 17
    assert states == {
        (world.machines["a"], 80): "healthy",
        (world.machines["a"], 81): "healthy",
        (world.machines["b"], 80): "unused",
    }
    assert world.registered(world.groups["web"]) == list(states)


def test_the_floor_follows_from_what_is_registered(region):
    """Half of three registered targets, rounded up, is two."""
    world = built(region)
    arn = world.groups["web"]

    assert world.floor(arn, ["1", "2", "3"]) == 2
    assert list(world.zones(arn)) == [""]


def test_zones_that_do_not_exist_are_the_scenarios_mistake(region):
    """AWS's refusal names the place in the file."""
    zones = ["eu-central-1a", "eu-central-1b", "eu-central-1z"]

    with pytest.raises(InputError, match=r"^exists\.zones: .*eu-central-1z"):
        built(region, zones=zones)


def test_zones_of_two_regions_are_refused():
    """A night plays in one region."""
    scenario = parse({**BASE, "exists": {**BASE["exists"], "zones": ["eu-central-1a", "eu-central-1b", "eu-west-1a"]}})

    with pytest.raises(InputError, match="zones of one region"):
        region_name(scenario)
