"""The same story through both edges: virtual time and real sockets."""

import threading

from albpatch.region.clock import ScaledClock, VirtualClock
from albpatch.region.hosts import Profile
from albpatch.region.sockets import Sockets
from data_plane import fleet_of, request

FACTOR = 60.0
QUICK = Profile(
    missing_patches=1, patch_seconds=20, reboot_seconds=40, start_seconds=20, agent_seconds=5, scan_seconds=5
)


class Story:
    """One machine drained, patched and put back; another patched in front of its traffic."""

    def __init__(self, fleet):
        self.fleet = fleet
        self.arn = fleet.group(HealthCheckIntervalSeconds=10, UnhealthyThresholdCount=2, HealthyThresholdCount=2)
        fleet.register(self.arn, *fleet.ids)
        fleet.pass_time(40)

    def play(self):
        """The same acts in whatever time."""
        fleet, (drained, plain) = self.fleet, self.fleet.ids
        fleet.deregister(self.arn, drained)
        fleet.pass_time(30)
        fleet.send(drained, Operation="Install")
        fleet.pass_time(30)
        fleet.register(self.arn, drained)
        fleet.pass_time(60)
        self.begun = fleet.clock.time()
        fleet.send(plain, Operation="Install")
        fleet.pass_time(90)

    def states(self):
        """The sequence of states of each target."""
        return [[state for _, state in self.fleet.changes(self.arn, i)] for i in self.fleet.ids]

    def lost_from_journal(self):
        """Per machine, whether it was ever routed while it did not serve: how virtual time finds lost requests."""
        serving, routed, lost = {}, set(), set()
        for entry in self.fleet.journal.entries:
            if entry.kind == "host":
                serving[entry.subject] = entry.detail["state"] == "serving"
            elif entry.kind == "routing":
                routed = {key.partition("|")[0] for key in entry.detail["routed"]}
            lost |= {i for i in routed if not serving[i]}
        return [i in lost for i in self.fleet.ids]


def test_one_story_through_both_edges():
    """Virtual time and real sockets give the same states, and lose requests of the same machine only."""
    with fleet_of(2, QUICK, VirtualClock()) as fleet:
        virtual = Story(fleet)
        virtual.play()
        expected, lost = virtual.states(), virtual.lost_from_journal()
    with fleet_of(2, QUICK, ScaledClock(FACTOR)) as fleet:
        sockets, ended, answers = fleet.region.part(Sockets), threading.Event(), []
        real = Story(fleet)
        url = sockets.url(real.arn)

        def send_requests():
            while not ended.wait(0.02):
                answers.append((fleet.clock.time(), request(url)[0]))

        sender = threading.Thread(target=send_requests)
        sender.start()
        try:
            real.play()
        finally:
            ended.set()
            sender.join(10)
        found = real.states()
        codes = {status for when, status in answers if when > real.begun}
        early = {status for when, status in answers if when <= real.begun}

    assert lost == [False, True]
    assert found == expected
    assert expected[0] == ["initial", "healthy", "draining", "initial", "healthy"]
    assert early == {200}
    assert codes == {200, 502}
