"""The rules of variables.tf, each refused value with the rule that refuses it."""

import re
from functools import cache
from pathlib import Path

import pytest

from albpatch.terraform import Terraform, TestRun

HERE = Path(__file__).parent
VARIABLES = HERE.parents[1] / "variables.tf"
RUN = re.compile(r'^run "(\w+)" \{\n.*?^\}\n', re.DOTALL | re.MULTILINE)
EXPECTED = re.compile(r"\n  expect_failures = \[var\.(\w+)\]\n")


def cases() -> dict[str, str]:
    """file.run => the text of a run, of every run in the .tftest.hcl files."""
    return {
        f"{file.name.removesuffix('.tftest.hcl')}.{run[1]}": run[0]
        for file in sorted(HERE.glob("*.tftest.hcl"))
        for run in RUN.finditer(file.read_text())
    }


@pytest.fixture(scope="session")
def as_written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TestRun]:
    """The results of the .tftest.hcl files as they are: Terraform itself compares."""
    return run_terraform(
        tmp_path_factory.mktemp("as-written"), {f.name: f.read_text() for f in HERE.glob("*.tftest.hcl")}
    )


@pytest.fixture(scope="session")
def without_expectations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TestRun]:
    """The results of the same runs, each in a file of its own and without its expectation: a refusal shows its rule."""
    files = {}
    for case, text in cases().items():
        head = RUN.sub("", (HERE / f"{case.split('.')[0]}.tftest.hcl").read_text())
        files[f"{case}.tftest.hcl"] = head + EXPECTED.sub("", text)
    results = run_terraform(tmp_path_factory.mktemp("without"), files)
    return {Path(run.file).name.removesuffix(".tftest.hcl"): run for run in results.values()}


def run_terraform(folder: Path, files: dict[str, str]) -> dict[str, TestRun]:
    (folder / "variables.tf").write_text(VARIABLES.read_text())
    (folder / "tests").mkdir()
    for name, text in files.items():
        (folder / "tests" / name).write_text(text)
    with Terraform(folder) as terraform:
        terraform.init()
        return {f"{Path(run.file).name.split('.')[0]}.{run.run}": run for run in terraform.test()}


@cache
def rules() -> dict[int, tuple[str, str]]:
    """Line of the condition => (variable, message), of every validation block."""
    found, variable, line_of_condition = {}, "", 0
    for number, line in enumerate(VARIABLES.read_text().splitlines(), 1):
        if match := re.match(r'variable "(\w+)"', line):
            variable = match[1]
        elif line.startswith("    condition"):
            line_of_condition = number
        elif match := re.match(r'    error_message\s*= "(.*)"', line):
            found[line_of_condition] = (variable, match[1].replace('\\"', '"'))
    return found


def refusals(run: TestRun) -> set[str]:
    """The messages of the rules that a run met."""
    return {
        diagnostic["detail"].split("\n\n")[0]
        for diagnostic in run.diagnostics
        if diagnostic["summary"] == "Invalid value for variable"
    }


@pytest.mark.parametrize("case", cases())
def test_value_is_judged_as_its_run_says(case: str, as_written: dict[str, TestRun]) -> None:
    """A value is accepted or refused exactly as the run in the .tftest.hcl file expects."""
    run = as_written[case]

    assert run.status == "pass", run.diagnostics


@pytest.mark.parametrize("case", [case for case, text in cases().items() if EXPECTED.search(text)])
def test_refusal_comes_from_one_rule_of_the_variable(case: str, without_expectations: dict[str, TestRun]) -> None:
    """A refused value meets one rule only, of the variable that the run expects: the user reads the real reason."""
    run = without_expectations[case]
    met = refusals(run)
    expected = EXPECTED.search(cases()[case])

    assert len(met) == 1, met
    assert expected is not None
    assert {variable for variable, message in rules().values() if message in met} == {expected[1]}


@pytest.mark.parametrize("line", rules(), ids=lambda line: f"{rules()[line][0]}-{line}")
def test_every_rule_refuses_something(line: int, without_expectations: dict[str, TestRun]) -> None:
    """Every validation block has a negative test: a run that meets its message."""
    message = rules()[line][1]

    assert any(message in refusals(run) for run in without_expectations.values())


@pytest.mark.parametrize("line", rules(), ids=lambda line: f"{rules()[line][0]}-{line}")
def test_message_names_limit_and_reason(line: int) -> None:
    """A message names what it is about and gives the reason, after a colon or as somebody's limit."""
    variable, message = rules()[line]

    assert message.endswith(".")
    assert ": " in message or "limit" in message
    assert variable.rstrip("s") in message or message.startswith(
        ("A fleet", "Every", "A ", "An ", "The ", "disruption_budget")
    )


def test_variables_alone_are_a_configuration() -> None:
    """variables.tf refers to nothing outside itself, so that its rules are tested without a provider."""
    text = VARIABLES.read_text()

    assert set(re.findall(r"\b(module|data|resource)\.\w+", text)) == set()
    assert set(re.findall(r"\blocal\.(\w+)", text)) <= set(re.findall(r"^  (_\w+)\s+= ", text, re.MULTILINE))
