"""The verb `simulate`."""

import json
import subprocess
import sys

import pytest

from albpatch import cli
from albpatch.canned import Canned, with_times
from albpatch.errors import InputError
from albpatch.region.operations import AwsError, NotKnownHere

DOCUMENT = """
schemaVersion: "0.3"
parameters:
  InstanceId: {type: String, allowedPattern: "^i-.*$"}
mainSteps:
- name: Scan
  action: aws:runCommand
  onCancel: step:Tidy
  inputs:
    DocumentName: AWS-RunPatchBaseline
    InstanceIds: ["{{ InstanceId }}"]
    Parameters: {Operation: Scan}
- name: State
  action: aws:executeScript
  inputs:
    Runtime: python3.11
    Handler: handler
    InputPayload: {id: "{{ InstanceId }}"}
    Script: |
      import datetime
      import boto3
      def handler(events, context):
          ssm = boto3.client("ssm")
          [state] = ssm.describe_instance_patch_states(InstanceIds=[events["id"]])["InstancePatchStates"]
          age = datetime.datetime.now(datetime.timezone.utc) - state["OperationEndTime"]
          print("age", age.total_seconds())
          return {"Missing": state["MissingCount"]}
  outputs:
  - {Name: Missing, Selector: $.Payload.Missing, Type: Integer}
  isEnd: true
- name: Tidy
  action: aws:executeAwsApi
  inputs: {Service: ec2, Api: DescribeInstances}
outputs: [State.Missing]
"""
RESPONSES = """
ssm.SendCommand: [{Command: {CommandId: c-1}}]
ssm.ListCommandInvocations:
- {CommandInvocations: [{Status: InProgress}]}
- {CommandInvocations: [{Status: Success}]}
ssm.DescribeInstancePatchStates:
- InstancePatchStates: [{MissingCount: 3, OperationEndTime: "2026-01-04T02:59:00Z"}]
ec2.DescribeInstances: [{Reservations: []}]
"""


@pytest.fixture
def files(tmp_path, monkeypatch):
    (tmp_path / "doc.yaml").write_text(DOCUMENT)
    (tmp_path / "responses.yaml").write_text(RESPONSES)
    (tmp_path / "parameters.json").write_text('{"InstanceId": "i-1"}')
    monkeypatch.chdir(tmp_path)
    return tmp_path


REFUSED = "refused: InvalidAutomationExecutionParametersException: Parameter"
GOOD = ["simulate", "doc.yaml", "--parameters", "parameters.json", "--responses", "responses.yaml"]


def simulated(capsys, *extra):
    assert cli.main([*GOOD, *extra]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("files")
def test_the_result_is_json(capsys):
    """Status, steps, outputs, calls with their second, and the elapsed time."""
    result = simulated(capsys)
    assert (result["status"], result["failure_message"]) == ("Success", None)
    assert result["outputs"] == {"State.Missing": ["3"]}
    assert [(s["name"], s["status"]) for s in result["steps"]] == [
        ("Scan", "Success"),
        ("State", "Success"),
        ("Tidy", "Pending"),
    ]
    assert result["steps"][1]["log"] == f"age {60 + result['elapsed_seconds']:.1f}\n"
    assert [(c["service"], c["operation"], c["step"]) for c in result["calls"]] == [
        ("ssm", "SendCommand", "Scan"),
        ("ssm", "ListCommandInvocations", "Scan"),
        ("ssm", "ListCommandInvocations", "Scan"),
        ("ssm", "DescribeInstancePatchStates", "State"),
    ]
    assert result["calls"][0]["params"]["InstanceIds"] == ["i-1"]
    assert result["unused_responses"] == ["ec2.DescribeInstances"]
    assert result["calls"][0]["second"] == 0
    assert result["calls"][-1]["second"] == result["elapsed_seconds"]


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("seconds", ["0", "1", "1.5"])
def test_cancelling_so_long_after_a_step_began(capsys, seconds):
    """--cancel stops the execution that many seconds after the step began and shows the cancellation workflow."""
    result = simulated(capsys, "--cancel", f"Scan:{seconds}")
    assert result["status"] == "Cancelled"
    assert [s["status"] for s in result["steps"]] == ["Cancelled", "Pending", "Success"]
    assert result["elapsed_seconds"] == float(seconds)


@pytest.mark.usefixtures("files")
def test_two_runs_are_equal(capsys):
    """Virtual time repeats exactly."""
    assert simulated(capsys) == simulated(capsys)


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("parameters.json", '{"InstanceId": "web-1"}', f"{REFUSED} 'InstanceId'"),
        ("parameters.json", '{"InstanceId": "i-1", "Other": 1}', f"{REFUSED} 'Other'"),
        ("parameters.json", '{"InstanceId": null}', "parameters: InstanceId has no value"),
        ("parameters.json", "[1]", "parameters.json: parameters are a map of names"),
        ("parameters.json", '{"InstanceId": ', "parameters.json: not valid JSON"),
        ("responses.yaml", "ssm.SendCommand: {}", "responses: ssm.SendCommand is a list"),
        ("responses.yaml", "ssm.SendCommand: []", "responses: ssm.SendCommand is a list"),
        ("responses.yaml", "ssm.SendCommand: [text]", "responses: ssm.SendCommand[0] is a map"),
        ("responses.yaml", "SendCommand: [{}]", "responses: 'SendCommand' is not service.Operation"),
        ("responses.yaml", "ssm.SendCommand: [{error: A, mesage: b}]", "responses: ssm.SendCommand[0] has 'error'"),
        ("responses.yaml", "ssm.SendCommand: [", "responses.yaml: not valid YAML"),
        ("doc.yaml", "schemaVersion: '0.3'\n", "refused: mainSteps: is missing"),
        ("doc.yaml", "", "refused: the document is no map"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(files, capsys, name, text, line):
    """A bad file, document or start is refused with its reason, exit status 2 and nothing on stdout."""
    (files / name).write_text(text)
    assert cli.main(GOOD) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"albpatch: {line}")
    assert captured.err.count("\n") == 1


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["simulate", "none.yaml"], "albpatch: none.yaml: No such file or directory\n"),
        (["simulate", "."], "albpatch: .: Is a directory\n"),
        ([*GOOD[:2], "--parameters", "none.json"], "albpatch: none.json: No such file or directory\n"),
        ([*GOOD, "--cancel", "Scan"], "albpatch: --cancel: 'Scan' is not STEP:SECONDS\n"),
        ([*GOOD, "--cancel", "Scan:-1"], "albpatch: --cancel: 'Scan:-1' is not STEP:SECONDS\n"),
        ([*GOOD, "--cancel", "Nobody:1"], "albpatch: --cancel: the document has no step 'Nobody'\n"),
    ],
)
def test_bad_arguments_are_one_line(capsys, arguments, line):
    """What is wrong with an argument is said in one line."""
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err == line


def test_a_binary_file_is_no_document(files, capsys):
    """A file that is no text is bad input."""
    (files / "doc.yaml").write_bytes(b"\xff\xfe\x00")
    assert cli.main(GOOD) == 2
    assert capsys.readouterr().err == "albpatch: doc.yaml: is no UTF-8 text\n"


def test_a_call_without_an_answer_ends_the_simulation(files, capsys):
    """The execution cannot go on: exit status 1 and the call's name, with the key that was perhaps meant."""
    (files / "responses.yaml").write_text(
        RESPONSES.replace("DescribeInstancePatchStates", "DescribeInstancePatchState")
    )
    assert cli.main(GOOD) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "albpatch: no canned answer for ssm.DescribeInstancePatchStates"
        " (there is one for ssm.DescribeInstancePatchState)\n"
    )


def test_every_defect_of_a_document_has_its_line(files, capsys):
    """A refused document lists all its defects, one a line."""
    (files / "doc.yaml").write_text("schemaVersion: '1.2'\nextra: 1\nmainSteps: [{name: A, action: 'aws:nap'}]\n")
    assert cli.main(GOOD) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("albpatch: refused: ") for line in lines)


def test_answers_are_used_in_order_and_the_last_repeats():
    """A list of answers ends with the one that goes on for ever; an error entry raises its code."""
    canned = Canned({"ec2.DescribeVpcs": [{"Vpcs": []}, {"error": "Throttled", "message": "slowly"}, {"Vpcs": [{}]}]})

    def ask():
        return canned.answer(None, "ec2", "DescribeVpcs", {})

    assert ask() == {"Vpcs": []}
    with pytest.raises(AwsError, match="Throttled: slowly"):
        ask()
    assert [ask(), ask()] == [{"Vpcs": [{}]}] * 2
    with pytest.raises(NotKnownHere, match=r"no canned answer for ec2\.DescribeSubnets"):
        canned.answer(None, "ec2", "DescribeSubnets", {})
    with pytest.raises(InputError):
        Canned({"ec2": []})


def test_times_in_answers_become_moments():
    """Where the API has a timestamp the text becomes one, aware; elsewhere a text that looks like one stays text."""
    answer = {"InstancePatchStates": [{"OperationEndTime": "2026-01-04 03:00:00", "BaselineId": "2026-01-04"}]}
    [state] = with_times("ssm", "DescribeInstancePatchStates", answer)["InstancePatchStates"]
    assert state["OperationEndTime"].isoformat() == "2026-01-04T03:00:00+00:00"
    assert state["BaselineId"] == "2026-01-04"
    assert with_times("nobody", "Knows", {"x": "2026-01-04"}) == {"x": "2026-01-04"}
    assert with_times("ssm", "Nothing", {"x": "2026-01-04"}) == {"x": "2026-01-04"}


@pytest.mark.usefixtures("files")
def test_simulate_needs_no_local_region_extras():
    """`simulate` works on an installation without moto and flask, as it belongs to nobody's rehearsal."""
    program = (
        "import sys; sys.modules.update(moto=None, flask=None)\n"
        f"from albpatch.cli import main; sys.exit(main({GOOD!r}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "Success"
