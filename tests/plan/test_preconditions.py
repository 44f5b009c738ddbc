"""What the module itself refuses at plan time, and the clone it makes of AWS's document, against a mocked provider."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from albpatch.terraform import Terraform, TestRun

ROOT = Path(__file__).resolve().parents[2]
SHAPES = {document.stem: document for document in sorted((ROOT / "tests/fixtures/aws-documents").glob("AWSEC2-*.json"))}
FOLDER = "mocked"
ROLE = "arn:aws-cn:iam::123456789012:role/team/web_runbook"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/"
LONG = GROUP.replace("web", "w" * 32)
MOCKS = """
mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "us-east-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}
"""
ROOT_CASES = {
    "as_it_should_be": ("", "", None),
    "region": (
        f'["{GROUP.replace("us-east-1", "eu-west-1")}0123456789abcdef"]',
        "",
        "lies in another region than us-east-1",
    ),
    "policy": (
        f'[for number in range(50) : format("{LONG}%016x", fleet * 50 + number)]',
        "",
        "more than IAM's 10,240 characters",
    ),
    "undeclared": ("", {"InstanceId": {}}, "which document web-alb-patching does not declare"),
    "required": ("", {"Approver": {}}, "requires Approver, which the task does not pass"),
    "pattern": ("", {"MinHealthyCount": {"default": "5", "allowedPattern": "^[5-9]$"}}, "the value of MinHealthyCount"),
    "size": ("", "x" * 65536, "Systems Manager takes 64 KB"),
    "window": ("", 4 * 3600 + 1, "The window is open for 14400 seconds, and an instance may need 14401"),
}
PARAMETERS = (
    "InstanceId",
    "MaxUnavailable",
    "TargetGroupArns",
    "WindowExecutionId",
    "MinHealthyCount",
    "MinHealthyPercent",
)


def case(groups: str, document: object) -> str:
    """A test file that plans two fleets, with another runbook, or the seconds that one needs, where given."""
    arns = groups or f'["{GROUP}0123456789abcdef"]'
    text = (
        f'{MOCKS}\nvariables {{\n  name     = "web"\n  schedule = {{ expression = "rate(7 days)" }}\n'
        f'  fleets = {{ for fleet in range(2) : "fleet-${{fleet}}" => {{\n'
        f'    tags = {{ ALB = ["alb01"] }}, target_group_arns = {arns} }} }}\n}}\n'
    )
    if document:
        needed = document if isinstance(document, int) else 1
        outputs = {"patch_document": rendered(document), "assess_document": rendered({}), "needed_seconds": needed}
        outputs |= {"await_quiet_document": "{}"}
        text += f"override_module {{\n  target  = module.runbook\n  outputs = {json.dumps(outputs)}\n}}\n"
    return text + 'run "planned" {\n  command = plan\n}\n'


def rendered(document: object) -> str:
    """A document that declares what a task passes, with the changes of a case; or a text of that length."""
    parameters: dict[str, object] = {name: {"type": "String", "default": "1"} for name in PARAMETERS}
    if document == {"InstanceId": {}}:
        parameters = {}
    if isinstance(document, dict):
        parameters |= {name: {"type": "String", **members} for name, members in document.items()}
    description = document if isinstance(document, str) else ""
    return json.dumps({"schemaVersion": "0.3", "description": description, "parameters": parameters, "mainSteps": []})


def mocked(root: Path, files: dict[str, str]) -> dict[str, TestRun]:
    """File => its one run, of `terraform test` on a module."""
    with Terraform(root) as terraform:
        (terraform.folder / FOLDER).mkdir()
        for name, text in files.items():
            (terraform.folder / FOLDER / f"{name}.tftest.hcl").write_text(text)
        terraform.init()
        return {Path(run.file).name.split(".")[0]: run for run in terraform.test(FOLDER)}


@pytest.fixture(scope="module")
def judged() -> dict[str, TestRun]:
    return mocked(ROOT, {name: case(groups, document) for name, (groups, document, _) in ROOT_CASES.items()})


UNEVALUATED = "Check block assertion known after apply"  # a check of a plan that was stopped
CLONE = "jsondecode(aws_ssm_document.this.content)"
ORIGINAL = "jsondecode(data.aws_ssm_document.aws_owned[0].content)"
OF_EVERY_CLONE = (
    f'{CLONE}.assumeRole == "{ROLE}"',
    f"jsonencode({CLONE}.mainSteps) == jsonencode({ORIGINAL}.mainSteps)",
    f"{CLONE}.outputs == {ORIGINAL}.outputs",
    f"keys({CLONE}.parameters) == keys({ORIGINAL}.parameters)",
    'length(regexall("\\"assumeRole\\":", aws_ssm_document.this.content)) == 1',
    "output.parameters.InstanceId.required && !output.parameters.ConnectionDrainTime.required",
    'output.source_version == "5"',
)


def read(name: str, document: Path) -> str:
    """What a data source of AWS's document has found."""
    return (
        f"  override_data {{\n    target = data.aws_ssm_document.{name}\n"
        f"    values = {{ content = {json.dumps(document.read_text())} }}\n  }}\n"
    )


def clone_case(document: Path) -> str:
    """A test file that clones one shape of AWS's document, with what must be true of the clone."""
    conditions = [*OF_EVERY_CLONE]
    for name in {"AutomationAssumeRole", "runCommandAssumeRole"} & set(json.loads(document.read_text())["parameters"]):
        pattern = f"output.parameters.{name}.allowed_pattern"
        conditions.append(f'can(regex({pattern}, "{ROLE}")) && !can(regex({pattern}, "role/web"))')
    asserts = "".join(
        f"  assert {{\n    condition     = {condition}\n    error_message = {json.dumps(condition)}\n  }}\n"
        for condition in conditions
    )
    return (
        f'mock_provider "aws" {{\n{read("aws_owned", document)}{read("current", document)}}}\n'
        'variables {\n  name              = "web"\n  content           = null\n  aws_owned_version = "5"\n'
        f'  assume_role_arn   = "{ROLE}"\n}}\n'
        f'run "planned" {{\n  command = plan\n{asserts}}}\n'
    )


@pytest.fixture(scope="module")
def cloned() -> dict[str, TestRun]:
    """Shape of AWS's document => the plan of its clone."""
    root = ROOT / "modules/automation-document"
    return mocked(root, {name: clone_case(document) for name, document in SHAPES.items()})


@pytest.mark.parametrize("name", ROOT_CASES)
def test_plan_refuses_what_would_fail_at_night(name: str, judged: dict[str, TestRun]) -> None:
    """A mistake that only an apply or a night would show stops the plan, with a message that names it."""
    message = ROOT_CASES[name][2]
    run = judged[name]
    errors = [diagnostic for diagnostic in run.diagnostics if diagnostic["severity"] == "error"]
    said = [str(error["detail"]) for error in errors if error["summary"] != UNEVALUATED]

    if message is None:
        assert run.status == "pass", said
    else:
        assert run.status == "error"
        assert said
        assert all(message in text.replace("\n", " ") for text in said), said


@pytest.mark.parametrize("shape", SHAPES)
def test_clone_is_awss_text_with_our_role(shape: str, cloned: dict[str, TestRun]) -> None:
    """Whatever AWS's document says about a role, the clone has ours, takes any role's ARN and is otherwise the same."""
    run = cloned[shape]

    assert run.status == "pass", run.diagnostics
