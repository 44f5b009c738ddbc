"""What a scenario became: names for ids, and who is registered where, read from either side."""

import pytest

from albpatch.rehearsal.scenario import parse
from albpatch.rehearsal.world import World


@pytest.fixture(scope="module")
def world():
    web, own, api = {"target_group": "web"}, {"target_group": "web", "port": 9000}, {"target_group": "api"}
    exists = {
        "zones": ["us-east-1a"],
        "target_groups": {"web": {"port": 80}, "api": {"port": 81}, "empty": {"port": 82}},
        "load_balancers": {"app": {"type": "application"}},
        "instances": {
            "a": {"zone": "us-east-1a", "registrations": [api, own, web]},
            "b": {"zone": "us-east-1a", "registrations": [web]},
            "c": {"zone": "us-east-1a"},
        },
    }
    made = parse({"exists": exists, "profiles": {"p": {}}, "assign": dict.fromkeys("abc", "p")})
    return World(made, {"web": "arn:web", "api": "arn:api", "empty": "arn:empty"}, {n: f"i-{n}" for n in "abc"})


def test_registrations_of_a_group(world):
    """Machine by machine, a registration without a port at the group's own."""
    assert world.registered("arn:web") == [("i-a", 9000), ("i-a", 80), ("i-b", 80)]
    assert world.registered("arn:empty") == world.registered("arn:unknown") == []


def test_registrations_of_a_machine(world):
    """The same, group by group, for one machine: what has to be there again at the end of the night."""
    assert world.registrations("i-a") == [("arn:web", 9000), ("arn:web", 80), ("arn:api", 81)]
    assert world.registrations("i-c") == world.registrations("i-unknown") == []


def test_a_list_belongs_to_who_asked(world):
    """Changing an answer does not change the next."""
    world.registered("arn:web").clear()
    world.registrations("i-b").clear()
    assert (len(world.registered("arn:web")), len(world.registrations("i-b"))) == (3, 1)


def test_names(world):
    """By id and ARN; what the scenario does not know keeps its own."""
    assert (world.machine_name("i-b"), world.machine_name("i-other")) == ("b", "i-other")
    assert (world.group_name("arn:api"), world.group_name("arn:other")) == ("api", "arn:other")
