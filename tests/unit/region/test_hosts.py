"""Machines: reboot, application, agent, and the profiles that say how they behave."""

import pytest

from albpatch.region.clock import VirtualClock
from albpatch.region.core import Region
from albpatch.region.hosts import Hosts, Profile

PROFILE = Profile(reboot_seconds=60, start_seconds=15, agent_seconds=10)


@pytest.fixture
def region():
    made = Region(VirtualClock(0.0))
    yield made
    made.close()


def pass_time(region, seconds):
    """Let the region's time pass."""
    region.clock.run(region.clock.spawn("wait", region.clock.sleep, seconds))


def states(region):
    """(time, state) of every journaled change of the only host."""
    return [(e.time, e.detail["state"]) for e in region.journal.of("host")]


def test_a_reboot(region):
    """Down at once, booted after the reboot, serving when the application is up; the agent by its own time."""
    host = region.part(Hosts).add("i-1", PROFILE)
    host.reboot()
    assert not host.agent_up
    pass_time(region, 69)
    assert not host.agent_up
    pass_time(region, 200)

    assert states(region) == [(0, "serving"), (0, "rebooting"), (60, "starting"), (75, "serving")]
    assert host.agent_up
    assert host.last_ping == 70


def test_a_machine_that_does_not_come_back(region):
    """It stays away for ever, and so does its agent."""
    host = region.part(Hosts).add("i-1", Profile(comes_back=False))
    host.reboot()
    pass_time(region, 86_400)

    assert (host.state, host.ping_status) == ("rebooting", "ConnectionLost")


def test_an_application_that_does_not_start(region):
    """The machine and its agent are back, the application is not."""
    host = region.part(Hosts).add("i-1", Profile(application_starts=False))
    host.reboot()
    pass_time(region, 86_400)

    assert (host.state, host.ping_status) == ("starting", "Online")


def test_a_second_reboot_forgets_the_first(region):
    """What the first boot would have started does not start in the middle of the second."""
    host = region.part(Hosts).add("i-1", PROFILE)
    host.reboot()
    pass_time(region, 50)
    host.reboot()
    pass_time(region, 200)

    assert states(region)[2:] == [(50, "rebooting"), (110, "starting"), (125, "serving")]


def test_pings_come_every_five_minutes(region):
    """The last ping is the latest multiple of 300 s since the agent's start, without a timer for each."""
    host = region.part(Hosts).add("i-1")
    seen = []
    for _ in range(3):
        pass_time(region, 200)
        seen.append(host.last_ping)

    assert seen == [0, 300, 600]


def test_online_is_stale_after_the_agent_has_gone(region):
    """A short absence is never shown; a long one only when a ping is missing."""
    host = region.part(Hosts).add("i-1", PROFILE)
    pass_time(region, 290)
    host.reboot()
    assert host.ping_status == "Online"
    pass_time(region, 15)
    assert host.ping_status == "ConnectionLost"
    pass_time(region, 100)

    assert host.ping_status == "Online"
    assert [(e.time, e.detail["state"]) for e in region.journal.of("agent")] == [
        (0, "Online"),
        (300, "ConnectionLost"),
        (360, "Online"),
    ]


def test_an_agent_alone_can_be_lost(region):
    """The machine serves on without its agent."""
    host = region.part(Hosts).add("i-1")
    host.lose_agent()
    pass_time(region, 600)

    assert (host.state, host.ping_status) == ("serving", "ConnectionLost")


def test_an_unmanaged_machine_has_no_agent(region):
    """It is never online and nothing about an agent is journaled, reboot or not."""
    host = region.part(Hosts).add("i-1", Profile(managed=False))
    host.reboot()
    pass_time(region, 1000)

    assert not host.agent_up
    assert region.journal.of("agent") == []


def test_sickness_is_a_state(region):
    """A sick application answers with errors until it recovers, and is told to whoever listens."""
    hosts, heard = region.part(Hosts), []
    hosts.add("i-1")
    hosts.listeners.append(lambda host: heard.append(host.state))
    hosts.sicken("i-1")
    hosts.recover("i-1")

    assert heard == ["sick", "serving"]


def test_a_reboot_makes_pending_patches_installed(region):
    """Patches that waited for a reboot are installed after it."""
    host = region.part(Hosts).add("i-1", Profile(installed_patches=10, pending_reboot=2))
    host.reboot()
    pass_time(region, 100)

    assert (host.installed, host.pending) == (12, 0)


def test_a_machine_is_added_once(region):
    """An instance has one host."""
    region.part(Hosts).add("i-1")

    with pytest.raises(ValueError, match="i-1 has a host already"):
        region.part(Hosts).add("i-1")


def test_only_a_stopped_machine_can_be_started(region):
    """Starting what runs is a mistake of the caller."""
    with pytest.raises(ValueError, match="i-1 is running, not stopped"):
        region.part(Hosts).add("i-1").start()


def test_a_profile_of_a_mapping():
    """Whole numbers, seconds, switches and the platform are taken as they are; the rest keeps its default."""
    made = Profile.from_mapping({"missing_patches": 3, "patch_seconds": 90, "comes_back": False, "platform": "Windows"})

    assert made == Profile(missing_patches=3, patch_seconds=90.0, comes_back=False, platform="Windows")
    assert Profile.from_mapping({}) == Profile()


@pytest.mark.parametrize(
    ("mapping", "line"),
    [
        ({"mising_patches": 1}, "profiles.slow: unknown key 'mising_patches'"),
        ({"missing_patches": -1}, "profiles.slow.missing_patches: -1 is not a number of at least 0"),
        ({"missing_patches": 1.5}, "profiles.slow.missing_patches: 1.5 is not a whole number"),
        ({"missing_patches": True}, "profiles.slow.missing_patches: True is not a number of at least 0"),
        ({"patch_seconds": "long"}, "profiles.slow.patch_seconds: 'long' is not a number of at least 0"),
        ({"patch_seconds": float("nan")}, "profiles.slow.patch_seconds: nan is not a number of at least 0"),
        ({"patch_seconds": float("inf")}, "profiles.slow.patch_seconds: inf is not a number of at least 0"),
        ({"comes_back": "no"}, "profiles.slow.comes_back: 'no' is not true or false"),
        ({"comes_back": 0}, "profiles.slow.comes_back: 0 is not true or false"),
        ({"scraper": "near"}, "profiles.slow.scraper: 'near' is not one of none, outside, inside"),
        ({"platform": "BeOS"}, "profiles.slow.platform: 'BeOS' is not one of Linux, Windows, MacOS"),
    ],
)
def test_a_wrong_profile_is_one_clear_line(mapping, line):
    """A mistake names its place, its value and what was expected."""
    with pytest.raises(ValueError, match=r"^profiles\.slow") as caught:
        Profile.from_mapping(mapping, "profiles.slow")
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_a_crash(region):
    """The machine goes down at any moment, even while it reboots, and nothing of it comes back by itself."""
    host = region.part(Hosts).add("i-1", PROFILE)
    host.reboot()
    pass_time(region, 30)
    host.crash()
    pass_time(region, 86_400)

    assert states(region)[-1] == (30, "rebooting")
    assert (host.state, host.agent_up) == ("rebooting", False)
