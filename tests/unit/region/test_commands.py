"""Run Command: delivery, time-outs, cancellation, rate control."""

from datetime import UTC, datetime

import pytest

from albpatch.region.hosts import Profile
from data_plane import Fleet

DOCUMENT = "AWS-RunPatchBaseline"
SCAN = {"Operation": ["Scan"]}


@pytest.fixture
def fleet():
    made = Fleet(1, Profile(missing_patches=3))
    yield made
    made.region.close()


def history(fleet, command_id):
    """(seconds since the command was sent, status, details) of the command's journal."""
    entries = fleet.journal.of("command", command_id)
    return [(e.time - entries[0].time, e.detail["status"], e.detail["details"]) for e in entries]


def send(fleet, **params):
    """SendCommand with a Scan of the first instance unless told otherwise."""
    given = {"DocumentName": DOCUMENT, "InstanceIds": fleet.ids[:1], "Parameters": SCAN} | params
    return fleet.call("ssm", "SendCommand", **{k: v for k, v in given.items() if v is not None})["Command"]


def test_a_scan(fleet):
    """Pending, delivered after a second, Success after the scan; the machine serves all the time."""
    command = fleet.send(fleet.ids[0], Operation="Scan")

    assert history(fleet, command) == [
        (0, "Pending", "Pending"),
        (1, "InProgress", "InProgress"),
        (21, "Success", "Success"),
    ]
    assert [e.detail["state"] for e in fleet.journal.of("host")] == ["serving"]


def test_an_install_goes_on_through_the_reboot(fleet):
    """The command stays InProgress while the machine reboots and ends after the agent is back."""
    command = fleet.send(fleet.ids[0], Operation="Install")

    assert history(fleet, command)[-1] == (1 + 120 + 60 + 10 + 20, "Success", "Success")
    assert [(e.time - fleet.journal.entries[0].time, e.detail["state"]) for e in fleet.journal.of("host")][-3:] == [
        (121, "rebooting"),
        (181, "starting"),
        (196, "serving"),
    ]


def test_patching_is_journaled(fleet):
    """The host says when packages are being installed."""
    fleet.send(fleet.ids[0], Operation="Install")

    assert [e.detail["patching"] for e in fleet.journal.of("host")][:4] == [False, True, False, False]


def test_an_application_that_is_down_while_patching(fleet):
    """A machine whose application stops during the installation does not serve, and serves again without a reboot."""
    one = fleet.instance(1, Profile(missing_patches=1, stops_serving_while_patching=True))
    fleet.send(one, Operation="Install", RebootOption="NoReboot")

    assert [e.detail["state"] for e in fleet.journal.of("host", one)] == ["serving", "starting", "serving"]


def test_patches_that_fail(fleet):
    """A failed installation fails the command with exit status 1 and does not reboot."""
    one = fleet.instance(1, Profile(missing_patches=2, install_fails=True))
    command = fleet.send(one, Operation="Install")

    assert fleet.invocation(command) == ("Failed", "Failed")
    assert "rebooting" not in [e.detail["state"] for e in fleet.journal.of("host", one)]
    answer = fleet.call("ssm", "GetCommandInvocation", CommandId=command, InstanceId=one, PluginName="PatchLinux")
    assert answer["ResponseCode"] == 1


def test_a_held_patch_lock(fleet):
    """Another patch run on the machine makes the command fail with exit status 4."""
    held = fleet.instance(1, Profile(patch_lock_held=True))
    command = fleet.send(held, Operation="Scan")

    answer = fleet.call("ssm", "ListCommandInvocations", CommandId=command, Details=True)["CommandInvocations"][0]
    assert (answer["Status"], answer["CommandPlugins"][0]["ResponseCode"]) == ("Failed", 4)


def test_two_commands_on_one_machine(fleet):
    """The second of two patch commands finds the lock held; the first is not disturbed."""
    first = fleet.send(fleet.ids[0], Operation="Install", wait=False)
    second = fleet.send(fleet.ids[0], Operation="Install")

    assert fleet.invocation(first) == ("Success", "Success")
    assert fleet.invocation(second) == ("Failed", "Failed")


def test_an_agent_that_is_away_and_comes_back(fleet):
    """A command waits for the agent within its delivery time-out."""
    fleet.hosts[fleet.ids[0]].reboot()
    command = send(fleet)["CommandId"]
    fleet.pass_time(200)

    assert history(fleet, command)[1] == (70, "InProgress", "InProgress")


def test_a_delivery_time_out(fleet):
    """A command that is not delivered in time is TimedOut, DeliveryTimedOut, and never runs."""
    fleet.hosts[fleet.ids[0]].lose_agent()
    command = send(fleet, TimeoutSeconds=30)["CommandId"]
    assert fleet.call("ssm", "ListCommands", CommandId=command)["Commands"][0]["Status"] == "InProgress"
    fleet.pass_time(60)

    assert history(fleet, command) == [(0, "Pending", "Pending"), (30, "TimedOut", "DeliveryTimedOut")]
    answer = fleet.call("ssm", "ListCommands", CommandId=command)["Commands"][0]
    assert (answer["ErrorCount"], answer["DeliveryTimedOutCount"], answer["CompletedCount"]) == (0, 1, 1)


def test_an_execution_time_out(fleet):
    """The step's time-out ends the command; the process on the machine goes on, reboot included."""
    command = fleet.send(fleet.ids[0], Operation="Install", StepTimeoutSeconds="60")

    assert history(fleet, command)[-1] == (61, "TimedOut", "ExecutionTimedOut")
    assert fleet.journal.of("host")[-1].detail["state"] == "serving"
    assert "rebooting" in [e.detail["state"] for e in fleet.journal.of("host")]


def test_a_machine_that_never_comes_back(fleet):
    """Without its agent the command times out only after delivery and execution time-out together."""
    lost = fleet.instance(1, Profile(missing_patches=1, comes_back=False))
    command = send(fleet, InstanceIds=[lost], Parameters={"Operation": ["Install"], "StepTimeoutSeconds": ["600"]})
    fleet.pass_time(3600 + 600 + 1)

    assert history(fleet, command["CommandId"])[-1] == (4200, "TimedOut", "ExecutionTimedOut")
    assert command["ExpiresAfter"] == datetime.fromtimestamp(fleet.journal.entries[0].time + 4200, UTC)


def test_cancelling_does_not_stop_the_process(fleet):
    """A cancelled command is Cancelling while its process runs on, through the reboot, and Cancelled afterwards."""
    command = fleet.send(fleet.ids[0], Operation="Install", wait=False)
    fleet.pass_time(50)
    fleet.call("ssm", "CancelCommand", CommandId=command)
    assert fleet.invocation(command) == ("Cancelling", "Cancelling")
    fleet.clock.run()

    assert history(fleet, command)[-1] == (211, "Cancelled", "Cancelled")
    assert "rebooting" in [e.detail["state"] for e in fleet.journal.of("host")]


def test_cancelling_can_stop_the_process(fleet):
    """On a machine where cancelling works the process ends at once, without a reboot."""
    one = fleet.instance(1, Profile(missing_patches=1, cancel_stops_process=True))
    command = fleet.send(one, Operation="Install", wait=False)
    fleet.pass_time(50)
    fleet.call("ssm", "CancelCommand", CommandId=command, InstanceIds=[one])
    fleet.pass_time(500)

    assert history(fleet, command)[-1] == (50, "Cancelled", "Cancelled")
    assert "rebooting" not in [e.detail["state"] for e in fleet.journal.of("host", one)]
    assert fleet.hosts[one].patch_run is None


def test_an_interrupted_run_leaves_its_lock(fleet):
    """The next patch run spends five minutes on breaking the lock of a run that was ended; the one after none."""
    one = fleet.instance(1, Profile(cancel_stops_process=True))
    fleet.call("ssm", "CancelCommand", CommandId=fleet.send(one, Operation="Scan", wait=False))
    interrupted = fleet.send(one, Operation="Scan", wait=False)
    fleet.pass_time(5)
    fleet.call("ssm", "CancelCommand", CommandId=interrupted)
    second, third = (fleet.send(one, Operation="Scan") for _ in range(2))

    assert [history(fleet, command)[-1][0] for command in (second, third)] == [321, 21]


def test_cancelling_before_delivery(fleet):
    """What was not delivered is Cancelled at once and never runs."""
    fleet.hosts[fleet.ids[0]].reboot()
    command = send(fleet)["CommandId"]
    fleet.call("ssm", "CancelCommand", CommandId=command)
    fleet.pass_time(300)

    assert history(fleet, command) == [(0, "Pending", "Pending"), (0, "Cancelled", "Cancelled")]


def test_cancelling_what_has_ended_changes_nothing(fleet):
    """A command that is over stays what it is."""
    command = fleet.send(fleet.ids[0], Operation="Scan")
    fleet.call("ssm", "CancelCommand", CommandId=command)

    assert fleet.invocation(command) == ("Success", "Success")


def test_a_command_outlives_the_activity_that_sent_it(fleet):
    """Killing who sent the command ends neither the process nor the command."""
    sent = []

    def work():
        fleet.clock.current().labels["execution"] = "e-1"
        sent.append(send(fleet, Parameters={"Operation": ["Install"]})["CommandId"])
        fleet.clock.sleep(1000)

    worker = fleet.clock.spawn("work", work)
    fleet.pass_time(30)
    fleet.clock.kill(worker)
    fleet.clock.run()

    assert fleet.invocation(sent[0]) == ("Success", "Success")


def test_stopping_the_instance_ends_the_process(fleet):
    """A stopped machine runs nothing; its command times out."""
    command = fleet.send(fleet.ids[0], Operation="Install", wait=False, StepTimeoutSeconds="300")
    fleet.pass_time(50)
    fleet.hosts[fleet.ids[0]].stop()
    fleet.pass_time(3901)

    assert fleet.invocation(command) == ("TimedOut", "ExecutionTimedOut")
    assert fleet.hosts[fleet.ids[0]].missing == 3


@pytest.mark.parametrize(("concurrency", "ends"), [("1", [21, 42, 63, 84]), ("50%", [21, 21, 42, 42]), ("4", [21] * 4)])
def test_rate_control(fleet, concurrency, ends):
    """Only so many instances at a time."""
    four = [fleet.instance(n) for n in range(4)]
    command = send(fleet, InstanceIds=four, MaxConcurrency=concurrency)["CommandId"]
    fleet.clock.run()

    assert [when for when, status, _ in history(fleet, command) if status == "Success"] == ends


@pytest.mark.parametrize(("errors", "ran"), [("0", 1), ("1", 2), ("50%", 3)])
def test_the_error_threshold(fleet, errors, ran):
    """After more errors than allowed the rest is terminated without having run."""
    four = [fleet.instance(n, Profile(patch_lock_held=True)) for n in range(4)]
    command = send(fleet, InstanceIds=four, MaxConcurrency="1", MaxErrors=errors)["CommandId"]
    fleet.clock.run()

    found = fleet.call("ssm", "ListCommandInvocations", CommandId=command)["CommandInvocations"]
    assert [i["StatusDetails"] for i in found] == ["Failed"] * ran + ["Terminated"] * (4 - ran)
    assert fleet.call("ssm", "ListCommands", CommandId=command)["Commands"][0]["Status"] == "Failed"
