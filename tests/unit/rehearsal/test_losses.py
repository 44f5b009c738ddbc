"""Requests lost in virtual time, against numbers worked out by hand."""

import pytest

from albpatch.region.journal import Journal
from albpatch.rehearsal.losses import lost
from albpatch.rehearsal.scenario import Traffic

TRAFFIC = Traffic(requests_per_second=2.0, slow_share=0.1, slow_seconds=8.0)
GROUP = "arn:group"
FOUR = ["a|80", "b|80", "c|80", "d|80"]


class Story:
    """A journal written by hand: each line at its second."""

    def __init__(self):
        self.now = 0.0
        self.journal = Journal(lambda: self.now)
        for host in "abcd":
            self.host(0, host, "serving")
        self.routed(0, FOUR)

    def host(self, at, name, state):
        self.now = at
        self.journal.add("host", name, state=state, patching=False)

    def routed(self, at, targets, group=GROUP):
        self.now = at
        self.journal.add("routing", group, routed=targets, late=[])

    def lost(self, end=200.0, start=0.0, groups=(GROUP,), traffic=TRAFFIC):
        return lost(self.journal.entries, traffic, groups, start, end)


@pytest.fixture
def story():
    return Story()


def test_a_quiet_night_loses_nothing(story):
    """Everything routed serves: rate x seconds are sent, none is lost."""
    found = story.lost()[GROUP]

    assert (found.sent, found.lost, found.losses) == (400.0, 0.0, [])


def test_a_reboot_in_rotation_loses_its_share_until_it_is_taken_out(story):
    """2/s x 1 of 4 targets x 20 s = 10 refused, and 2/s x 0.1 slow x 1/4 x 8 s = 0.4 open requests cut."""
    story.host(100, "a", "rebooting")
    story.routed(120, FOUR[1:])
    story.host(160, "a", "serving")

    found = story.lost()[GROUP]

    assert found.sent == pytest.approx(400)
    assert found.refused == pytest.approx(10)
    assert found.cut == pytest.approx(0.4)
    assert found.by_host == pytest.approx({"a": 10.4})
    assert [(loss.at, pytest.approx(loss.requests)) for loss in found.losses] == [(100, 0.4), (100, 10)]


def test_a_reboot_after_the_last_request_has_finished_loses_nothing(story):
    """Taken out of the routing 8 s before the reboot, a target has finished its 8 s requests."""
    story.routed(100, FOUR[1:])
    story.host(108, "a", "rebooting")

    assert story.lost()[GROUP].lost == 0


def test_a_reboot_three_seconds_early_cuts_the_slowest(story):
    """Of the 8 s requests sent in the last 3 s: 2/s x 0.1 x 1/4 x 3 s = 0.15 are cut."""
    story.routed(100, FOUR[1:])
    story.host(105, "a", "rebooting")

    assert story.lost()[GROUP].cut == pytest.approx(0.15)


def test_shares_follow_the_routing(story):
    """With half of the targets gone a target gets twice the share: 2/s x 1 of 2 x 10 s = 10."""
    story.routed(50, ["a|80", "b|80"])
    story.host(100, "a", "stopped")
    story.routed(110, ["b|80"])

    assert story.lost()[GROUP].refused == pytest.approx(10)


def test_one_instance_on_two_ports_counts_twice(story):
    """A host that is down takes the share of both of its ports: 2/s x 2 of 3 x 3 s = 4."""
    story.routed(0, ["a|80", "a|81", "b|80"])
    story.host(100, "a", "rebooting")
    story.routed(103, ["b|80"])

    assert story.lost()[GROUP].refused == pytest.approx(4)


def test_nobody_routed_loses_everything(story):
    """A group without a target answers 503 to every request: 2/s x 5 s = 10."""
    story.routed(100, [])
    story.routed(105, FOUR)

    found = story.lost()[GROUP]

    assert found.refused == pytest.approx(10)
    assert found.losses[0].text == "no target is routed to"


def test_a_violation_that_goes_on_is_one_loss(story):
    """Changes of other machines in between do not split it: one tick, from where it began."""
    story.host(100, "a", "rebooting")
    story.host(104, "d", "sick")
    story.host(106, "a", "starting")
    story.routed(110, FOUR[1:])

    refused = [loss for loss in story.lost()[GROUP].losses if "routed to" in loss.text]

    assert [(loss.at, loss.requests) for loss in refused] == [(100, pytest.approx(5))]


def test_a_machine_that_is_sick_on_its_own_is_not_our_loss(story):
    """It answers with errors whatever the night does."""
    story.host(100, "a", "sick")

    assert story.lost()[GROUP].lost == 0


def test_long_connections_that_are_cut_count_one_each(story):
    """A connection that a client keeps open and that the host cuts is a loss of its group; earlier ones are not."""
    for at in (10, 100):
        story.now = at
        story.journal.add("cut", f"{GROUP}|a|80", connections=2)
        story.journal.add("cut", "arn:other|a|80", connections=5)

    found = story.lost(start=50)[GROUP]

    assert (found.cut, found.lost, found.by_host["a"]) == (2, 2, 2)
    assert [(loss.at, loss.text) for loss in found.losses] == [(50, "long connections cut: a goes down")]


def test_only_what_lies_between_start_and_end_counts(story):
    """What was routed before the start still says where requests go."""
    story.host(100, "a", "rebooting")
    story.routed(120, FOUR[1:])

    found = story.lost(start=110, end=130)[GROUP]

    assert (found.sent, found.refused, found.cut) == (pytest.approx(40), pytest.approx(5), 0)


def test_groups_are_counted_apart(story):
    """A group none of whose machines goes down loses nothing."""
    story.routed(0, ["b|80"], group="arn:other")
    story.host(100, "a", "rebooting")

    found = story.lost(end=110, groups=(GROUP, "arn:other"))

    assert found[GROUP].refused == pytest.approx(5)
    assert (found["arn:other"].sent, found["arn:other"].lost) == (pytest.approx(220), 0)
