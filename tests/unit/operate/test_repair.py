"""What `repair` hands to the restore runbook, and what it refuses to hand over."""

from __future__ import annotations

from typing import Any

import pytest

from albpatch.errors import Failure, InputError
from albpatch.live.calls import Unanswered
from albpatch.operate import repair
from albpatch.operate.session import Session
from unit.operate.accounts import I, error, execution, item, session

OTHER = "i-0fedcba9876543210"


def account(*items: dict[str, Any], parameters: tuple[str, ...] = ("InstanceId", "Action"), **more: Any) -> Session:
    """An account in which the owners of these records are over."""
    running = {"State": {"Name": "running"}, "Placement": {"AvailabilityZone": "us-east-1a"}}
    instances = [{"InstanceId": name, **running} for name in (I, OTHER)]
    answers: dict[str, Any] = {
        "get_caller_identity": {"Account": "123456789012"},
        "describe_document": {"Document": {"Parameters": [{"Name": name} for name in parameters]}},
        "scan": {"Items": list(items)},
        "get_automation_execution": execution(),
        "describe_instances": {"Reservations": [{"Instances": instances}]},
        "describe_target_health": {"TargetHealthDescriptions": []},
        "list_command_invocations": {"CommandInvocations": []},
        "describe_instance_information": {"InstanceInformationList": []},
        "start_automation_execution": lambda params: {"AutomationExecutionId": f"for {params['Parameters']}"},
    }
    return session(**{**answers, **more})


def started(seen: Session) -> list[dict[str, Any]]:
    return [params for method, params in seen.boto.made if method == "start_automation_execution"]


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("restore", {"InstanceId": [I]}),
        ("keep-out", {"InstanceId": [I], "Action": ["keep-out"]}),
        ("forget", {"InstanceId": [I], "Action": ["forget"]}),
    ],
)
def test_what_the_restore_runbook_is_told(action, parameters):
    """The instance by its id alone, which only a person does, and the action where it is another than restoring."""
    seen = account(item())
    planned = repair.plan(seen, [I], action)
    begun = repair.begin(seen, planned)

    assert [choice.instance for choice in planned.doable] == [I] == list(begun)
    assert [(p["DocumentName"], p["Parameters"]) for p in started(seen)] == [("web-alb-restore", parameters)]


def test_a_start_for_each_instance():
    """Never one for several: each has its own record, and its own token."""
    seen = account(item(), item(OTHER))
    repair.begin(seen, repair.plan(seen, [], "restore"))

    assert [p["Parameters"]["InstanceId"] for p in started(seen)] == [[I], [OTHER]]
    assert len({p["ClientToken"] for p in started(seen)}) == 2


@pytest.mark.parametrize("action", ["keep-out", "forget"])
def test_an_older_restore_runbook(action):
    """A runbook without the parameter would restore instead: refused. Plain restoring asks for no parameter."""
    seen = account(item(), parameters=("InstanceId",))
    with pytest.raises(InputError, match="web-alb-restore knows no Action"):
        repair.plan(seen, [I], action)

    assert repair.plan(seen, [I], "restore").doable
    with pytest.raises(Failure, match="there is no restore runbook web-alb-restore"):
        repair.plan(account(item(), describe_document=error("InvalidDocument")), [I], action)


def test_who_is_kept_out_is_named():
    """--all passes over who is kept out on purpose; by name it is put back."""
    kept = item(KeptOut="true")
    every, named = (repair.plan(account(kept), ids, "restore").choices[0] for ids in ([], [I]))

    assert every.why_not == "it is kept out on purpose: name it to put it back"
    assert (named.why_not, "register what is missing of web:80" in named.does) == ("", True)


@pytest.mark.parametrize("action", ["restore", "keep-out", "forget"])
def test_nothing_behind_a_live_execution(action):
    """Whatever is wanted: while the owner runs nothing is started, by name or for all."""
    for ids in ([], [I]):
        seen = account(item(), get_automation_execution=execution("InProgress"))
        planned = repair.plan(seen, ids, action)

        assert (planned.doable, [c.instance for c in planned.refused]) == ([], [I])
        assert repair.begin(seen, planned) == {} and started(seen) == []


def test_a_start_that_fails_half_way():
    """What was started before AWS refused the next one is named."""
    calls = []

    def second(params: dict[str, Any]) -> Any:
        calls.append(params)
        return {"AutomationExecutionId": "first"} if len(calls) == 1 else error("AccessDeniedException")

    seen = account(item(), item(OTHER), start_automation_execution=second)
    with pytest.raises(Failure) as failed:
        repair.begin(seen, repair.plan(seen, [], "restore"))

    assert str(failed.value) == (
        f"{OTHER}: you may not ssm:StartAutomationExecution (AccessDeniedException: no); started before: {I} as first"
    )


def test_a_look_that_is_refused():
    """Without the owner's status nobody is taken for over."""
    seen = account(item(), get_automation_execution=error("AccessDeniedException"))
    with pytest.raises(Unanswered):
        repair.plan(seen, [I], "restore")
