"""What an operator's verbs ask of AWS: what they need to be allowed, and what they say when they are refused."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from albpatch.iam.calls import UnknownCall
from albpatch.iam.calls import actions as table
from albpatch.operate.permissions import ADDED, SOMETIMES, actions
from albpatch.region.automation.service import Automation
from albpatch.region.hosts import Hosts
from night_fleet import scene
from operating import UNHEARD, Operator, fire, until

# What is done in which order, so that every verb comes past everything that it may do.
NIGHT: tuple[tuple[str, ...], ...] = (
    ("start", "--yes"),
    ("watch",),
    ("stop", "--yes", "--pause", "an incident"),
    ("start", "--yes", "--unpause"),
    ("status",),
)
WRITES = re.compile("(Cancel|Delete|Deregister|Put|Register|Send|Start|Stop|Update|Create|Modify|Transact)")


def needed(made: set[tuple[str, str]]) -> set[str]:
    """The IAM actions of calls."""
    found = set()
    for service, operation in made - {("sts", "GetCallerIdentity")}:  # nobody needs to be allowed to ask who he is
        prefix = {"elbv2": "elasticloadbalancing"}.get(service, service)
        try:
            found |= set(table(service, operation))
        except UnknownCall:
            found.add(f"{prefix}:{operation}")
        if operation == "StartAutomationExecution":
            found.add("iam:PassRole")
    return found


def interrupted(o: Operator) -> None:
    """An execution of the window has died while its instance was out."""
    miss(o)
    fire(o)
    execution, _ = until(o, "Install")
    o.region.part(Automation).kill(execution)


def miss(o: Operator) -> None:
    """A new patch comes out."""
    for instance in o.world.machines.values():
        o.region.part(Hosts)[instance].missing += 1


@pytest.fixture
def policy(pytestconfig) -> dict[str, Any]:
    """The policy of the documentation, for this deployment."""
    text = (pytestconfig.rootpath / "docs/operate.md").read_text()
    (found,) = re.findall(r"<!-- policy -->\n```json\n(.*?)```", text, re.S)
    return json.loads(re.sub(r"/web-", "/nights-", found))


def become(o: Operator, policy: dict[str, Any]) -> None:
    """The operator has this policy and nothing else."""
    name = {"RoleName": "operator"}
    o.region.backend("iam", "CreateRole", {**name, "AssumeRolePolicyDocument": "{}"})
    document = {"PolicyName": "operator", "PolicyDocument": json.dumps(policy)}
    o.region.backend("iam", "PutRolePolicy", {**name, **document})
    o.boto.caller = o.region.assumed_role("operator", "person")


@pytest.fixture
def asked(play, policy) -> dict[str, set[tuple[str, str]]]:
    """Verb -> every call that it made in a night in which much happened, as somebody who has this policy only."""
    made: dict[str, set[tuple[str, str]]] = {verb: set() for verb in ADDED}

    def act(o):
        become(o, policy)

        def does(*words: str) -> None:
            said = o(*words)
            assert said.err == "", said.err
            made[words[0]] |= o.boto.made

        for words in NIGHT:
            does(*words)
        miss(o)
        opening = fire(o)
        until(o, "Install")
        does("start", "--yes", "--instance", o.instance("b"))
        does("stop", "--yes", "--wait")
        does("stop", "--yes", "--roll", opening)
        does("watch", "--roll", opening)
        interrupted(o)
        o.region.clock.sleep(600)
        for words in (("status",), ("watch",), ("stop", "--yes", "--wait"), ("repair", "--all", "--yes")):
            does(*words)
        refused = o("repair", "--all", "--yes", "--forget")
        assert refused.status in (0, 2)
        made["repair"] |= o.boto.made

    play(scene(dict.fromkeys("abc", "patches"), faults={"events": UNHEARD}), act)
    return made


def test_the_permissions_are_the_calls(asked, policy):
    """Each verb makes the calls that it is said to need, no others; what looks writes nothing; the policy of the
    documentation allows all of it and nothing else."""
    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}

    for verb, made in asked.items():
        assert needed(made) <= actions(verb), verb
        assert set(ADDED[verb]) <= needed(made), verb
    assert set().union(*map(needed, asked.values())) == set().union(*map(actions, ADDED)) - set(SOMETIMES)
    assert {call for verb in ("watch", "status") for call in asked[verb] if WRITES.match(call[1])} == set()
    assert allowed == set().union(*map(actions, ADDED))


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "InternalServerError"])
def test_a_refused_call_is_one_line(play, code):
    """Whatever call is refused, the verb ends with 1 and one line that names it and AWS's words; nothing is written
    after it, and there is no traceback."""
    lines: dict[tuple[str, str], str] = {}

    def act(o):
        interrupted(o)
        verbs: tuple[tuple[str, ...], ...] = (
            ("status",),
            ("start", "--yes"),
            ("stop", "--yes"),
            ("repair", "--all", "--yes"),
        )
        before = o.items()
        for words in verbs:
            for call in sorted(calls_of(o, words)):
                o.boto.refuse = lambda service, operation, call=call: code if (service, operation) == call else None
                said = o(*words)
                o.boto.refuse = lambda _service, _operation: None
                assert (said.status, said.err.count("\n")) == (1, 1), (words, call, said)
                assert said.err.endswith("(" + code + ": not for you)\n") or "started before" in said.err
                lines[call] = said.err
                if WRITES.match(call[1]):
                    assert o.items() == before or words[0] == "stop"

    def calls_of(o: Any, words: tuple[str, ...]) -> set[tuple[str, str]]:
        """The calls that it makes as long as nothing that writes is answered."""
        o.boto.refuse = lambda _service, operation: "ValidationException" if WRITES.match(operation) else None
        o(*words)
        return set(o.boto.made)

    play(scene(dict.fromkeys("ab", "patches"), faults={"events": UNHEARD}), act)
    start = {
        "AccessDeniedException": "albpatch: you may not ",
        "ThrottlingException": "albpatch: AWS throttles ",
        "InternalServerError": "albpatch: ",
    }[code]

    assert len(lines) > 10
    assert all(line.startswith((start, "albpatch: fleet ", "albpatch: i-")) for line in lines.values())
