"""Two runbooks compared: what weakens a guard, what only changes, what is nothing."""

import dataclasses
import re
from datetime import UTC, datetime

import pytest
import yaml

from albpatch.document.read import load, read
from albpatch.plan.duration import bound, words
from albpatch.plan.graph import Graph
from albpatch.plan.read import parse
from albpatch.plan.review import review
from albpatch.plan.runbook import compare
from unit.plan.bent import RESTORE_DOCUMENT
from unit.plan.plans import RESTORE, RUNBOOK, Made, plan

NOW = datetime(2026, 1, 14, tzinfo=UTC)


def step(text, name):
    """The lines of one step."""
    match = re.search(rf"^- name: {name}\n(?:(?!- name: |# ).*\n)*", text, re.M)
    assert match, name
    return match[0]


def bent(text, name, old, new):
    """The document with something replaced in one step, which has to be there."""
    before = step(text, name)
    assert old in before, (name, old)
    return text.replace(before, before.replace(old, new, 1))


# One guard of the bundled runbook each: (step, what stands there, what stands there then).
WEAKENED = [
    ("Preflight", "onFailure: step:Conclude", "onFailure: Continue"),
    ("RoutePreflight", "Default: Conclude", "Default: AssessPatches"),
    ("AssessPatches", "isCritical: true", "isCritical: false"),
    ("AcquireLease", '"{{Assess.Output}}"', '"{}"'),
    ("AcquireLease", "nextStep: RouteLease", "nextStep: Detach"),
    ("AcquireLease", '"{{MinHealthyCount}}"', '"0"'),
    ("AcquireLease", '"{{MinHealthyPercent}}"', '"0"'),
    ("PlanDrain", "PropagationSeconds: 30", "PropagationSeconds: 5"),
    ("AcquireLease", "if count < floor", "if count < 0"),
    ("AcquireLease", "onFailure: step:Report", "onFailure: Continue"),
    ("AcquireLease", "onCancel: step:OnCancel", "onCancel: Abort"),
    ("RouteLease", "Default: Report", "Default: Detach"),
    ("RouteLease", "StringEquals: continue", "StringEquals: deferred"),
    ("Detach", "onFailure: step:HaltRoll", "onFailure: Abort"),
    ("Detach", "onFailure: step:HaltRoll", "onFailure: step:Report"),
    ("Detach", "nextStep: RouteDrain", "nextStep: Install"),
    ("RouteDrain", "Default: AwaitQuiet", "Default: Commit"),
    ("AwaitQuiet", "onFailure: step:AwaitDelay", "onFailure: step:Commit"),
    ("AwaitDelay", "onFailure: step:HaltRoll", "onFailure: step:Commit"),
    ("AwaitDelay", "nextStep: Commit", "nextStep: RouteCommit"),
    ("AwaitDelay", "isCritical: true", "isCritical: false"),
    ("AwaitDelay", "while (now := time.time()) < deadline", "while (now := time.time()) < detached"),
    ("Commit", "nextStep: RouteCommit", "nextStep: Install"),
    ("Commit", "FLOOR", "OTHER"),
    ("RouteCommit", "Default: Restore", "Default: Install"),
    ("RouteCommit", "Default: Restore", "Default: Report"),
    ("Install", "onFailure: step:AwaitHostIdle", "onFailure: Abort"),
    ("Install", "onFailure: step:AwaitHostIdle", "onFailure: step:Restore"),
    ("Install", "isCritical: true", "isCritical: false"),
    ("AwaitHostIdle", "return f\"the instance is {state}\"", "return \"\"\n    if False:\n      pass"),
    ("AwaitHostIdle", "onCancel: step:OnCancel", "onCancel: Abort"),
    ("Restore", "isCritical: true", "isCritical: false"),
    ("AwaitHealthy", "ConsecutiveLooks: 3", "ConsecutiveLooks: 1"),
    ("AwaitHealthy", "raise RuntimeError(f\"NOT_HEALTHY", "print(f\"NOT_HEALTHY"),
    ("Bake", "Duration: PT60S", "Duration: PT1S"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new"), WEAKENED, ids=lambda v: v[:30])
def test_one_weakened_guard_is_found(outputs, name, old, new):
    """Whatever single guard of the bundled runbooks is weakened, the difference is called weaker."""
    differences = bent_differences(outputs, name, old, new)

    if "if False:" in new:  # an answer that changed, with the same test in front of it
        assert [d.effect for d in differences] == ["changed"]
    else:
        assert "weakened" in [d.effect for d in differences], differences


def children(outputs):
    """The runbooks that the patching one starts, by name."""
    return {f"web-alb-{name}": load(outputs[f"{name}_document"]) for name in ("assess", "restore")}


def bent_differences(outputs, name, old, new):
    """What differs when a step is bent in the first runbook that has it."""
    texts = [outputs[f"{which}_document"] for which in ("patch", "assess", "restore")]
    text = next(one for one in texts if f"- name: {name}\n" in one)
    started = children(outputs)
    return compare(load(text), _read(bent(text, name, old, new)), started, started)


def _read(text):
    found, _ = read(text)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["AcquireLease", "RouteLease", "AwaitDelay", "Commit", "RouteCommit", "Restore"])
def test_a_removed_guard_is_found(bundled, outputs, name):
    """A guard that is taken out, with the routes led around it, is called removed and weaker."""
    raw, started = yaml.safe_load(bundled), children(outputs)
    [gone] = [s for s in raw["mainSteps"] if s["name"] == name]
    onwards = gone.get("nextStep") or gone["inputs"]["Choices"][0]["NextStep"]
    raw["mainSteps"].remove(gone)
    text = yaml.safe_dump(raw, sort_keys=False).replace(f"nextStep: {name}\n", f"nextStep: {onwards}\n")
    text = text.replace(f"NextStep: {name}\n", f"NextStep: {onwards}\n").replace(f"step:{name}\n", f"step:{onwards}\n")

    differences = compare(load(bundled), _read(text), started, started)
    assert (name, f"step {name} removed", "weakened") in [(d.step, d.text, d.effect) for d in differences]


@pytest.mark.parametrize("name", ["Preflight", "Scan", "AssessPatches", "RouteAssessment"])
def test_a_removed_judgement_is_found(outputs, name):
    """In a runbook that only judges, whatever is not looked at any more is called weaker."""
    before = load(outputs["assess_document"])
    after = dataclasses.replace(before, steps=tuple(step for step in before.steps if step.name != name))

    assert (name, "weakened") in [(d.step, d.effect) for d in compare(before, after)]


# One guard of the restore runbook each, as above: it must not put back a machine that may still be rebooted.
RESTORING = [
    ("Claim", "nextStep: RouteClaim", "nextStep: Restore"),
    ("Claim", "onFailure: Abort", "onFailure: step:Restore"),
    ("Claim", 'status != "Cancelling"', 'status != ""'),
    ("Claim", "OWNER_ALIVE", "OTHER"),
    ("RouteClaim", "StringEquals: wait, NextStep: AwaitIdle", "StringEquals: wait, NextStep: Restore"),
    ("RouteClaim", "Default: Done", "Default: Restore"),
    ("AwaitIdle", "onFailure: step:Tell", "onFailure: step:Restore"),
    ("Restore", "isCritical: true", "isCritical: false"),
]


@pytest.mark.parametrize(("name", "old", "new"), RESTORING, ids=lambda v: v[:30])
def test_one_weakened_guard_of_the_restore_runbook_is_found(restoring, name, old, new):
    """In a runbook that only puts back, what stands before that is a guard, and weakening it is called so."""
    differences = compare(load(restoring), _read(bent(restoring, name, old, new)))

    assert "weakened" in [d.effect for d in differences], differences


def test_the_graph_of_the_restore_runbook(restoring):
    """It takes nothing out and sends nothing; to put back is its act."""
    graph = Graph(load(restoring))

    assert (graph.disturbing, graph.acts) == ([], ["Restore"])


STARTS = """\
- name: PutBack
  action: aws:executeAutomation
  maxAttempts: 2
  onFailure: Abort
  isEnd: true
  inputs: {DocumentName: web-alb-restore, RuntimeParameters: {InstanceId: ["{{InstanceId}}"]}}
"""


def test_a_step_that_starts_a_runbook_does_what_that_does():
    """Whoever starts the restore runbook puts back, and takes at most as long; of an unknown one nobody knows."""
    before, _, after = RUNBOOK.partition("- name: PutBack\n")
    document = load(before + STARTS + "- name: Tell\n" + after.partition("- name: Tell\n")[2])
    started = {"web-alb-restore": load(RESTORE)}
    known, unknown = Graph(document, started), Graph(document)

    assert (known.disturbing, known.restoring) == (["TakeOut", "Install"], {"PutBack"})
    assert (unknown.disturbing, unknown.restoring) == (["TakeOut", "Install", "PutBack"], set())
    assert dict(bound(document, 300, None, started).way)["PutBack"] == 2 * (300 + 60)
    assert bound(document, 300).unbounded == ("PutBack",)


def test_a_weaker_restore_runbook_is_a_finding_at_its_document():
    """Both runbooks of a call are compared, each at its own address, with words that say which it is."""
    weak = RESTORE.replace("onFailure: Abort\n  nextStep: PutBack", "onFailure: Continue\n  nextStep: PutBack")
    found = review(parse(plan(Made().call().put(RESTORE_DOCUMENT, "content", value=weak), Made().call())), None, NOW)
    lines = [line for s in found.sections for b in s.blocks if b.title == "Runbook changes" for line in b.lines]

    assert {(f.id, f.address) for f in found.findings} == {("guard-weakened", RESTORE_DOCUMENT)}
    assert "restore runbook: weaker: Claim: onFailure Abort became Continue" in lines


HARMLESS = [
    ("AcquireLease", "ConsecutiveLooks", None),
    ("Preflight", "timeoutSeconds: 300", "timeoutSeconds: 280"),
    ("AwaitHealthy", "ConsecutiveLooks: 3", "ConsecutiveLooks: 5"),
    ("PlanDrain", "PropagationSeconds: 30", "PropagationSeconds: 60"),
    ("Bake", "Duration: PT60S", "Duration: PT2M"),
]


@pytest.mark.parametrize(("name", "old", "new"), [h for h in HARMLESS if h[2]], ids=lambda v: v[:30])
def test_what_protects_as_much_is_no_weakening(outputs, name, old, new):
    """A longer wait, more looks or another time-out is listed and called neither weaker nor doubtful."""
    differences = bent_differences(outputs, name, old, new)

    assert [d.effect for d in differences] == ["plain"]


def test_comments_and_layout_are_nothing(bundled):
    """A comment in a script is said to be one, and a comment in the document is no difference at all."""
    script = bent(bundled, "Detach", "def handler", "# a comment\n    def handler")
    comment = bundled.replace("mainSteps:\n", "mainSteps:\n# a comment\n")

    assert [d.text for d in compare(load(bundled), load(script))] == [
        "Detach: script changed in comments and layout only"
    ]
    assert compare(load(bundled), load(comment)) == []


def test_another_role_is_said(bundled):
    """The role that the runbook assumes is compared too."""
    other = bundled.replace("role/web-runbook", "role/administrator")

    assert [d.text for d in compare(load(bundled), load(other))] == [
        "assumeRole arn:aws:iam::123456789012:role/web-runbook became arn:aws:iam::123456789012:role/administrator"
    ]


def test_a_strengthened_runbook_is_not_called_weaker(bundled, outputs):
    """The other way round, each of the routes that weakened a guard is no weakening."""
    for name, old, new in [w for w in WEAKENED if w[0] in ("RouteLease", "RouteCommit", "Restore", "AcquireLease")]:
        weak, started = _read(bent(bundled, name, old, new)), children(outputs)
        effects = [(d.effect, d.text) for d in compare(weak, load(bundled), started, started)]

        if "script" not in str(effects) and "StringEquals" not in old:
            assert [text for effect, text in effects if effect == "weakened"] == [], (name, old, new)


PARAMETERS = [
    ('default: "1"', 'default: "0"', "weakened"),
    ('default: "1"', 'default: "2"', "changed"),
    ("    allowedPattern: ^[0-9]{1,4}$\n", "", "weakened"),
    ("allowedValues: [RebootIfNeeded, NoReboot]", "allowedValues: [RebootIfNeeded]", "changed"),
    ("allowedValues: [RebootIfNeeded, NoReboot]", "allowedValues: [RebootIfNeeded, NoReboot, Never]", "weakened"),
]


@pytest.mark.parametrize(("old", "new", "effect"), PARAMETERS)
def test_parameters_are_compared(bundled, old, new, effect):
    """Defaults, patterns and allowed values are compared; what lets more through is weaker."""
    assert old in bundled

    assert [d.effect for d in compare(load(bundled), load(bundled.replace(old, new, 1)))] == [effect]


def test_the_findings_say_what_is_weaker():
    """A weakened guard is an error, a changed one a warning, at the document; both against a base as well."""
    weak = RUNBOOK.replace("Default: Tell", "Default: TakeOut")
    other = RUNBOOK.replace("Runtime: python3.11", "Runtime: python3.12")
    ids = [
        [(f.id, f.severity) for f in review(parse(plan(after, before)), base and parse(plan(base)), NOW).findings]
        for after, before, base in [
            (Made().call(text=weak), Made().call(), None),
            (Made().call(text=other), Made().call(), None),
            (Made().call(text=weak), None, Made().call()),
            (Made().call(), Made().call(text=weak), None),
        ]
    ]

    assert ids[0] == ids[2] == [("guard-weakened", "error")]
    assert ids[1] == [("guard-changed", "warning")]
    assert ids[3] == [("guard-changed", "warning")]


def test_the_graph_of_the_bundled_runbook(bundled, outputs):
    """What takes out, what puts back and what guards Install in the bundled runbook."""
    graph = Graph(load(bundled), children(outputs))

    assert graph.disturbing == ["Detach", "Install"]
    assert "Restore" in graph.restoring
    assert {"Assess", "AcquireLease", "RouteLease", "AwaitDelay", "Commit", "RouteCommit"} <= graph.guards_of("Install")
    assert not graph.ends_at("Detach", "Report") or graph.ends_at("Report", "")


def test_the_worst_case_is_the_longest_way():
    """The bound of the small runbook is the sum of its steps, failures included, attempts counted."""
    found = bound(load(RUNBOOK), 300)

    assert found.way == (
        ("Check", 300),
        ("Choose", 0),
        ("TakeOut", 60),
        ("Drain", 300),
        ("Install", 1800),
        ("PutBack", 180),
        ("Tell", 1),
    )
    assert found.seconds == 2641
    assert words(found.seconds) == "45 min"


@pytest.mark.parametrize(
    ("old", "new", "unbounded"),
    [
        ("  timeoutSeconds: 1800\n", "", ("Install",)),
        ("Duration: PT5M", 'Duration: "{{InstanceId}}"', ("Drain",)),
        ("  nextStep: Tell\n", "  nextStep: Check\n", ("a loop of steps",)),
    ],
)
def test_what_nothing_limits_has_no_bound(old, new, unbounded):
    """A command without a time-out, a wait that a reference names, and a circle have no worst case."""
    found = bound(_read(RUNBOOK.replace(old, new)), 300)

    assert (found.seconds, found.unbounded) == (None, unbounded)


def test_the_delay_counts_where_the_document_waits_for_it(bundled):
    """The wait for the deregistration delay is the delay and a margin, never less than the propagation."""
    assert dict(bound(load(bundled), 900).way)["AwaitDelay"] == 905
    assert dict(bound(load(bundled), 0).way)["AwaitDelay"] == 120
    assert dict(bound(load(bundled), None).way)["AwaitDelay"] == 3605


@pytest.mark.parametrize(
    ("length", "text"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (61, "2 min"), (3600, "1 h"), (3601, "1 h 1 min"), (7260, "2 h 1 min")],
)
def test_lengths_in_words(length, text):
    """Seconds are rounded up to minutes: a worst case is never said to be shorter than it is."""
    assert words(length) == text
