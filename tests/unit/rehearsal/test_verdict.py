"""The contract, judged on journals written by hand: every promise can be broken, and is not held for free."""

import pytest

from albpatch.region.core import Call
from albpatch.region.journal import Journal
from albpatch.region.operations import Caller
from albpatch.rehearsal.evidence import Evidence, Execution
from albpatch.rehearsal.losses import GroupTraffic
from albpatch.rehearsal.scenario import parse
from albpatch.rehearsal.verdict import TITLES, contract
from albpatch.rehearsal.world import Budget, World
from albpatch.report.model import Held

WEB = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/1"
ROLE = Caller("arn:aws:sts::123456789012:assumed-role/runbook/s", "runbook")
SOMEBODY = "arn:aws:iam::123456789012:user/somebody"


class Night:
    """Three machines a, b, c behind one group, all healthy at second 0; then what a test tells."""

    def __init__(self, profiles=("patches", "patches", "patches"), zones="aaa", attributes=None, floor=1, out=1):
        names = "abc"
        instances = {
            n: {"zone": f"us-east-1{zone}", "registrations": [{"target_group": "web"}]}
            for n, zone in zip(names, zones, strict=True)
        }
        scenario = parse(
            {
                "exists": {
                    "zones": sorted({f"us-east-1{zone}" for zone in zones}),
                    "target_groups": {"web": {"port": 80, "attributes": attributes or {}}},
                    "instances": instances,
                },
                "profiles": {"patches": {"missing_patches": 1}, "compliant": {}},
                "assign": dict(zip(names, profiles, strict=True)),
            }
        )
        self.world = World(scenario, {"web": WEB}, {n: n for n in names}, {WEB: Budget(floor, 0, out)})
        self.now, self.calls, self.executions = -10.0, [], []
        self.journal = Journal(lambda: self.now)
        self.traffic = GroupTraffic(sent=100.0)
        self.at(-10)
        for name in names:
            self.host(name, "serving").target(name, "healthy")
        self.routed(*names)

    def at(self, second):
        self.now = float(second)
        return self

    def host(self, name, state):
        self.journal.add("host", name, state=state, patching=False)
        return self

    def target(self, name, state, port=80):
        self.journal.add("target", f"{WEB}|{name}|{port}", state=state, previous="", reason="")
        return self

    def routed(self, *names):
        self.journal.add("routing", WEB, routed=[f"{n}|80" for n in names], late=[])
        return self

    def registration(self, action, name, by=ROLE.arn, port=80):
        self.journal.add("registration", f"{WEB}|{name}|{port}", action=action, by=by, labels={})
        if ":assumed-role/" in by:
            params = {"TargetGroupArn": WEB, "Targets": [{"Id": name, "Port": port}]}
            operation = "DeregisterTargets" if action == "deregister" else "RegisterTargets"
            self.calls.append(Call(self.now, ROLE, "elbv2", operation, params, None, {}))
        return self

    def out(self, name, by=ROLE.arn):
        return self.registration("deregister", name, by).target(name, "draining")

    def back(self, name):
        return self.registration("register", name).target(name, "initial").target(name, "healthy")

    def command(self, name, status, operation="Install"):
        self.journal.add("command", f"command-{name}", instance=name, document="d", status=status, operation=operation)
        return self

    def roll(self, name):
        """One machine as it should go: 20 s from here."""
        start = self.now
        others = [n for n in "abc" if n != name]
        self.out(name).routed(*others)
        self.at(start + 5).command(name, "InProgress").at(start + 8).host(name, "rebooting")
        self.at(start + 12).host(name, "serving").command(name, "Success")
        return self.at(start + 15).back(name).routed("a", "b", "c").execution(name, "Success", start, start + 18)

    def execution(self, name, status, start, end, killed=False, outputs=None):
        said = {"Report.Outcome": ["patched"]} if outputs is None else outputs
        self.executions.append(Execution(f"e-{name}", name, start, end, status, killed, said))
        self.at(end)
        if said:
            self.journal.add("event", "source", detail_type="", detail={})
        return self

    def judged(self, until=None):
        evidence = Evidence(
            world=self.world,
            entries=self.journal.entries,
            calls=self.calls,
            traffic={WEB: self.traffic},
            executions=self.executions,
            start=0.0,
            end=500.0,
            opened_until=until,
        )
        return {p.id: p for p in contract(evidence)}


def good():
    return Night().at(10).roll("a").at(40).roll("b")


def test_a_good_night_holds_what_it_exercised():
    """Two machines in turn: rotation promises held, the rest honestly not exercised."""
    judged = good().judged()

    assert {i for i, p in judged.items() if p.held is Held.HELD} == {"C2", "C3", "C4", "C6", "C8"}
    assert {i for i, p in judged.items() if p.held is Held.NOT_EXERCISED} == {"C1", "C5", "C7", "C9"}
    assert list(judged) == list(TITLES)


def test_a_night_without_anything_holds_nothing():
    """Where nothing happened nothing was proven."""
    assert {p.held for p in Night().judged().values()} == {Held.NOT_EXERCISED}


def test_a_drained_compliant_machine_breaks_c1():
    """Any ELB write on a machine with nothing to install is needless."""
    night = Night(profiles=("compliant", "patches", "patches")).at(10).roll("a")

    assert night.judged()["C1"].held is Held.BROKEN
    assert "2 ELB write calls on a" in night.judged()["C1"].evidence


def test_a_compliant_machine_left_alone_holds_c1():
    """It had its turn and was not touched."""
    night = Night(profiles=("compliant", "patches", "patches")).execution("a", "Success", 5, 9)

    assert night.judged()["C1"].held is Held.HELD


def test_falling_below_the_floor_by_our_hand_breaks_c2():
    """Three healthy, floor 3: taking one out is one too many, and the moment is told."""
    judged = Night(floor=3).at(10).roll("a").judged()

    assert judged["C2"].held is Held.BROKEN
    assert "web: 2 healthy at 0:10, floor 3, after a left" in judged["C2"].evidence


def test_a_neighbour_that_turns_sick_does_not_break_c2():
    """The capacity that others take away is not our doing; the lowest count is told all the same."""
    night = Night(floor=2).at(10).out("a").routed("b", "c").at(12).target("b", "unhealthy")
    judged = night.at(30).back("a").judged()

    assert judged["C2"].held is Held.HELD
    assert "lowest 1 of 3, floor 2" in judged["C2"].evidence


def test_installing_below_the_floor_breaks_c2():
    """Capacity lost during the drain is a reason to call it off, not to go on."""
    night = Night(floor=2).at(10).out("a").routed("b", "c").at(12).target("b", "unhealthy")
    judged = night.at(20).command("a", "InProgress").judged()

    assert judged["C2"].held is Held.BROKEN
    assert "after the installation began on a" in judged["C2"].evidence


def test_the_floor_counts_per_zone_where_cross_zone_is_off():
    """One machine alone in its zone: taking it out leaves the zone empty although two others serve."""
    attributes = {"load_balancing.cross_zone.enabled": False}
    judged = Night(zones="abb", attributes=attributes).at(10).roll("a").judged()

    assert judged["C2"].held is Held.BROKEN
    assert "web in us-east-1a: 0 healthy" in judged["C2"].evidence


def test_registering_while_a_patch_command_runs_breaks_c3():
    """The machine may still reboot under the requests."""
    night = Night().at(10).out("a").at(15).command("a", "InProgress").at(20).registration("register", "a")

    assert night.judged()["C3"].held is Held.BROKEN
    assert "a registered at 0:20 while a patch command could reboot it" in night.judged()["C3"].evidence


def test_a_fit_machine_left_out_breaks_c3():
    """Failed or not, what can serve goes back."""
    night = Night().at(10).out("a").at(40).target("a", "absent").execution("a", "Failed", 5, 50)

    assert night.judged()["C3"].held is Held.BROKEN


def test_a_cancel_before_the_installation_has_no_excuse():
    """Only a patch command under way allows a cancelled night to leave a machine out."""
    night = Night().at(10).out("a").at(40).target("a", "absent").execution("a", "Cancelled", 5, 50)
    assert night.judged()["C3"].held is Held.BROKEN

    night = Night().at(10).out("a").at(20).command("a", "InProgress").at(40).target("a", "absent")
    assert night.execution("a", "Cancelled", 5, 50).judged()["C3"].held is Held.NOT_COVERED


def test_a_lost_request_breaks_c4():
    """One is too many."""
    night = good()
    night.traffic.refused = 1.0

    assert night.judged()["C4"].held is Held.BROKEN
    assert night.judged()["C4"].evidence == "1 of 100 requests lost"


def test_a_reboot_while_routed_breaks_c4_even_if_nothing_was_lost():
    """Luck is no proof."""
    judged = Night().at(10).out("a").at(15).host("a", "rebooting").judged()

    assert judged["C4"].held is Held.BROKEN
    assert "rebooted while requests could still be sent to it: a at 0:15" in judged["C4"].evidence


def test_leaving_before_the_last_one_serves_breaks_c4():
    """b leaves while a is still out."""
    judged = Night().at(10).out("a").routed("b", "c").at(20).out("b").judged()

    assert judged["C4"].held is Held.BROKEN
    assert "b taken out of web at 0:20, before a served there again" in judged["C4"].evidence


def test_a_budget_of_two_lets_two_be_out():
    """The second may leave while the first is out; the third may not."""
    two = Night(out=2).at(10).out("a").at(20).out("b").routed("c")
    assert two.judged()["C4"].held is not Held.BROKEN

    judged = two.at(30).out("c").routed().judged()
    assert "c taken out of web at 0:30, before a, b served there again" in judged["C4"].evidence


@pytest.mark.parametrize("status", ["Failed", "TimedOut", "Cancelled"])
def test_going_on_after_a_failure_breaks_c5(status):
    """Whatever the first one's end is called, nobody follows."""
    night = Night().at(10).out("a").at(20).back("a").execution("a", status, 5, 30)
    assert night.judged()["C5"].held is Held.HELD

    assert night.at(40).out("b").judged()["C5"].held is Held.BROKEN


def test_a_failure_that_is_called_success_breaks_c5():
    """A machine that does not serve at the end did not succeed."""
    night = Night().at(10).out("a").at(20).host("a", "rebooting").execution("a", "Success", 5, 60)

    assert night.judged()["C5"].held is Held.BROKEN


def test_a_refused_call_breaks_c6():
    """The first refused operation is named."""
    night = good()
    night.calls.append(Call(90.0, ROLE, "ec2", "DescribeInstances", {}, "UnauthorizedOperation", {}))

    assert night.judged()["C6"].held is Held.BROKEN
    assert "ec2:DescribeInstances at 1:30" in night.judged()["C6"].evidence


def test_registering_what_was_not_there_breaks_c7():
    """A port that nobody had registered before is not ours to add."""
    night = good().at(90).registration("register", "a", port=8080)

    assert night.judged()["C7"].held is Held.BROKEN


def test_what_others_register_is_theirs():
    """Somebody else's hand is no evidence against us."""
    night = good().at(90).registration("register", "a", by=SOMEBODY, port=8080)

    assert night.judged()["C7"].held is Held.NOT_EXERCISED


def test_silence_breaks_c8():
    """An execution that ended without outputs told nobody anything."""
    assert good().execution("c", "Failed", 60, 70, outputs={}).judged()["C8"].held is Held.BROKEN


def test_a_death_is_not_covered_by_c8_and_c3():
    """What died could not speak, and nothing brings its machine back yet."""
    night = Night().at(10).out("a").at(40).target("a", "absent")
    judged = night.execution("a", "Failed", 5, 50, killed=True, outputs={}).judged()

    assert [judged[i].held for i in ("C3", "C8")] == [Held.NOT_COVERED, Held.NOT_COVERED]


@pytest.mark.parametrize(("told", "held"), [("a", Held.HELD), ("b", Held.NOT_COVERED)])
def test_another_may_speak_for_a_dead_execution(told, held):
    """An event that names the instance after the death is the news of it; one about another instance is not."""
    night = Night().at(10).out("a").at(40).execution("a", "Failed", 5, 50, killed=True, outputs={})
    night.at(60).back("a").journal.add("event", "s", detail_type="x", detail={"InstanceId": told}, by="r", id="1")

    assert night.judged()["C8"].held is held


def test_c9_wants_everybody_back_in_time():
    """Taken out after the window's end, or back after it, is broken; who failed could not come back in any time."""
    failed = good().at(60).out("c").execution("c", "Failed", 55, 400)

    assert good().judged(until=1000.0)["C9"].held is Held.HELD
    assert good().judged(until=20.0)["C9"].held is Held.BROKEN
    assert good().judged(until=42.0)["C9"].held is Held.BROKEN
    assert failed.judged(until=100.0)["C9"].held is Held.HELD
    assert "c failed" in failed.judged(until=100.0)["C9"].evidence
