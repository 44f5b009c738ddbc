"""Reading a whole document: what is refused at creation, what only shows at run time."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albpatch.document.actions import ACTIONS
from albpatch.document.model import Refused
from albpatch.document.read import SIZE_LIMIT, load, read

SLEEP = {"name": "A", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}


def document(*steps, **top):
    return json.dumps({"schemaVersion": "0.3", "mainSteps": list(steps) or [SLEEP], **top})


def test_a_good_document_has_no_defects():
    """Every part of a document reaches the model."""
    found, defects = read(
        document(
            {**SLEEP, "maxAttempts": "2", "timeoutSeconds": 30, "onFailure": "step:B", "onCancel": "step:C"},
            {"name": "B", "action": "aws:executeAwsApi", "inputs": {"Service": "ec2", "Api": "DescribeVpcs"}},
            {"name": "C", "action": "aws:deleteStack", "isEnd": "true", "inputs": {"StackName": "x"}},
            description="d",
            assumeRole="{{ Role }}",
            parameters={"Role": {"type": "String", "default": ""}},
            variables={"n": {"type": "Integer", "default": 1}},
            outputs=["B.OutputPayload"],
        )
    )

    assert defects == []
    first, _, last = found.steps
    assert (first.max_attempts, first.timeout_seconds, first.on_failure, first.on_cancel) == (2, 30, "step:B", "step:C")
    assert last.is_end
    assert (found.assume_role, found.outputs, found.variables["n"].default) == ("{{ Role }}", ("B.OutputPayload",), 1)


def test_the_size_limit_counts_bytes():
    """A document of 64 KB is taken, one byte more is not; a character may have several bytes."""
    room = SIZE_LIMIT - len(document(description="").encode())
    assert read(document(description="x" * room))[1] == []
    assert "the limit is 65536" in str(read(document(description="x" * (room + 1)))[1][0])
    assert read("# " + "ä" * SIZE_LIMIT)[1]


@pytest.mark.parametrize("text", ["", "just words", "- a\n- b\n", "null", "42"])
def test_a_text_that_is_no_map_is_no_document(text):
    """Whatever is not a map is refused in one defect."""
    found, defects = read(text)
    assert found is None
    assert [str(d) for d in defects] == ["the document is no map"]


def test_all_defects_are_found_at_once():
    """An author sees every defect in one go, each with its place."""
    _, defects = read(
        document(
            {"name": "A", "action": "aws:sleep", "nextStep": "Z", "inputs": {}},
            {"name": "A", "action": "aws:nap"},
            extra=1,
        )
    )
    texts = [str(d) for d in defects]
    assert "A: 2 steps have this name" in texts
    assert "A.nextStep: there is no step 'Z'" in texts
    assert "A.action: 'aws:nap' is no action" in texts
    assert any(t.startswith("extra: ") for t in texts)


def test_what_only_fails_at_run_time_is_no_refusal():
    """A reference to a later step and a too long time-out are reported, and the document is taken."""
    text = document(
        {"name": "A", "action": "aws:sleep", "inputs": {"Duration": "{{ B.d }}"}},
        {
            "name": "B",
            "action": "aws:executeScript",
            "timeoutSeconds": 900,
            "inputs": {"Runtime": "python3.11", "Handler": "h", "Script": "def h(e, c): pass"},
            "outputs": [{"Name": "d", "Selector": "$..d", "Type": "String"}],
        },
    )
    _, defects = read(text)
    assert {d.at for d in defects} == {"run"}
    assert [d.where for d in defects] == ["B.timeoutSeconds", "B.outputs[0].Type", "A.inputs.Duration"]
    assert len(load(text).steps) == 2


def test_braces_in_a_script_are_not_references():
    """A script may hold double braces of its own; they are no reason for a refusal."""
    script = "def h(e, c): return f'{{{e}}}' + '{{ Nobody.Knows }} {{ssm:x}}'"
    inputs = {"Runtime": "python3.11", "Handler": "h", "Script": script}
    assert read(document({"name": "A", "action": "aws:executeScript", "inputs": inputs}))[1] == []


def test_a_default_that_comes_from_parameter_store_is_taken():
    """{{ssm:...}} is allowed as the default of a parameter."""
    assert read(document(parameters={"Ami": {"type": "String", "default": "{{ssm:/golden/ami}}"}}))[1] == []


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ({"inputs": []}, "A.inputs: is a map"),
        ({"outputs": {}}, "A.outputs: is a list"),
        ({"nextStep": 5}, "A.nextStep: is the name of a step"),
        ({"timeoutSeconds": True}, "A.timeoutSeconds: is a whole number"),
        ({"timeoutSeconds": -1}, "A.timeoutSeconds: is a whole number"),
        ({"onFailure": ["Abort"]}, "A.onFailure: is Abort, Continue or step:NAME"),
        ({"isCritical": 1}, "A.isCritical: is true or false"),
        ({"name": None}, "mainSteps[0].name: is missing"),
        ({"name": 5}, "mainSteps[0].name: a step name has"),
        ({"action": None}, "A.action: is missing"),
        ({"action": ["aws:sleep"]}, "A.action: ['aws:sleep'] is no action"),
    ],
)
def test_wrong_shapes_are_defects_not_crashes(step, reason):
    """A value of the wrong kind anywhere in a step is one clear defect."""
    _, defects = read(document({**SLEEP, **step}))
    assert any(str(d).startswith(reason) for d in defects)


@pytest.mark.parametrize(
    "top",
    [
        {"parameters": []},
        {"parameters": {"p": "String"}},
        {"parameters": {"p": {"type": ["String"]}}},
        {"parameters": {"p": {"type": "String", "allowedPattern": 5}}},
        {"parameters": {"p": {"type": "String", "minChars": "3"}}},
        {"parameters": {"p": {"type": "String", "allowedValues": "a"}}},
        {"parameters": {"p": {"type": "String", "displayType": "button"}}},
        {"parameters": {"p": {"type": "String", "interpolationType": "NONE"}}},
        {"parameters": {"a b": {"type": "String"}}},
        {"variables": []},
        {"variables": {"v": {"type": "Integer", "default": "1"}}},
        {"variables": {"v": {"type": "Integer", "extra": 1}}},
        {"outputs": "A.x"},
        {"outputs": [5]},
        {"files": []},
        {"assumeRole": 5},
        {"description": ["x"]},
        {"mainSteps": {}},
        {"mainSteps": []},
        {"mainSteps": ["A"]},
    ],
)
def test_wrong_shapes_at_the_top_are_refused(top):
    """A section of the wrong kind is refused, never a crash."""
    with pytest.raises(Refused):
        load(document(**top))


@pytest.mark.parametrize(
    "choices",
    [None, [], {}, ["x"], [{"NextStep": "A"}], [{"NextStep": "A", "And": []}], [{"NextStep": "A", "Not": []}],
     [{"NextStep": "A", "And": [{}], "Variable": "x"}], [{"NextStep": 5, "Variable": "x", "StringEquals": "x"}]],
)  # fmt: skip
def test_wrong_choices_are_refused(choices):
    """A branch whose choices are no choices is refused, never a crash."""
    with pytest.raises(Refused):
        load(document({"name": "A", "action": "aws:branch", "inputs": {"Choices": choices}}))


def test_an_action_that_cannot_be_run_here_is_read_all_the_same():
    """Whether the local region can run an action is no question of the document."""
    found, defects = read(document({"name": "A", "action": "aws:approve", "inputs": {"Approvers": ["a"]}}))
    assert found is not None
    assert defects == []


def test_the_module_is_documented():
    """Every module of the package says which question it answers."""
    folder = Path(read.__code__.co_filename).parent
    assert all(path.read_text().startswith('"""') for path in folder.glob("*.py"))


PROPERTIES = st.sampled_from(
    ["name", "action", "inputs", "outputs", "nextStep", "onFailure", "onCancel", "isEnd", "isCritical",
     "maxAttempts", "timeoutSeconds", "description", "other"]
)  # fmt: skip
INPUTS = st.sampled_from(
    ["Choices", "Default", "Steps", "Iterators", "LoopCondition", "MaxIterations", "Service", "Api", "DesiredValues",
     "PropertySelector", "Runtime", "Script", "Handler", "Duration", "InstanceIds", "Parameters", "Name", "Value"]
)  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["{{ x }}", "{{ A.y }}", "A"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(INPUTS | PROPERTIES | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    action=st.sampled_from(sorted(ACTIONS)),
    inputs=st.dictionaries(INPUTS, VALUES, max_size=4),
    rest=st.dictionaries(PROPERTIES, VALUES, max_size=3),
)
def test_no_step_breaks_the_reader(action, inputs, rest):
    """Whatever stands in a step, reading gives a document or defects, never an exception."""
    found, defects = read(document({"name": "A", "action": action, "inputs": inputs, **rest}, SLEEP | {"name": "B"}))
    assert found is not None
    assert all(defect.text for defect in defects)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(top=st.dictionaries(st.sampled_from(["parameters", "variables", "outputs", "files", "assumeRole"]), VALUES))
def test_no_section_breaks_the_reader(top):
    """Whatever stands in a section, reading gives a document and defects, never an exception."""
    found, _ = read(document(**top))
    assert found is not None


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parents[2].glob("fixtures/aws-documents/*.json")), ids=lambda p: p.stem
)
def test_stand_ins_of_documents_that_amazon_owns_are_accepted(path):
    """Flags written as texts, patterns with empty alternatives, actions that cannot be run here: all of it is taken."""
    found, defects = read(path.read_text())
    assert defects == []
    assert found.steps


def test_outputs_of_actions_that_are_not_listed_are_taken():
    """What an action gives that nobody wrote down here is no reason for a refusal."""
    machine = {"name": "A", "action": "aws:executeStateMachine", "inputs": {"stateMachineArn": "arn"}}
    wait = {"name": "B", "action": "aws:sleep", "inputs": {"Duration": "{{ A.startDate }}"}}
    assert read(document(machine, wait))[1] == []
