"""runbook/README.md says what the document does."""

import re

import pytest
import yaml

from document.graph import END, Steps, edges
from document.render import FULL, RUNBOOK, rendered

README = (RUNBOOK / "README.md").read_text()
STATES = {"LEASED", "DETACHING", "DRAINED", "INSTALLING", "RESTORING", "HEALING"}
NO_CODE = {"TCP", "TLS", "HTTP", "HTTPS", "SS", "CLOSED", "PAUSE"} | STATES
LOOKS = {"ProbeQuietMethod", "AwaitQuiet"}  # Conclude and AwaitDelay judge them
NOT_JUDGED = LOOKS | {"Scan", "Conclude", "Report", "RouteOutcome", "Notify", "Done", "Fail", "OnCancel"}


@pytest.fixture(scope="module")
def documents(full: str) -> list[Steps]:
    """The steps of each document, in the order of their pictures."""
    texts = [full, *(rendered(FULL)[name] for name in ("assess_document", "restore_document"))]
    return [{step["name"]: step for step in yaml.safe_load(text)["mainSteps"]} for text in texts]


SCRIPTS = {path.stem: path.read_text() for path in RUNBOOK.glob("scripts/*.py")}
TELLING = {"tell_start", "tell_end", "tell_failure"}  # of the news runbook
RESTORING = {"await_idle", "claim", "set_aside", "sweep", "tell"}  # steps of the restore runbook only


def source_of(names: set[str]) -> str:
    return "\n".join(SCRIPTS[name] for name in sorted(names))


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_picture_has_every_route(documents: list[Steps], number: int) -> None:
    """The arrows of each picture are the routes of its document, and no others."""
    picture = re.findall(r"```mermaid\n(.*?)```", README, re.S)[number]
    drawn = set(re.findall(r"^  (\w+) (-->|-\.->)(?:\|[^|]*\|)? (\w+)$", picture, re.M))
    kinds = {"success": "-->", "failure": "-.->"}
    routes = edges(documents[number])
    real = {(e.source, kinds[e.kind], e.target) for e in routes if e.kind in kinds and e.target != END}

    assert drawn == real


@pytest.mark.parametrize(("heading", "number"), [("Every step", 0), ("The assess runbook", 1)])
class TestEachTable:
    """The tables of steps."""

    def test_has_every_step_in_order(self, documents: list[Steps], heading: str, number: int) -> None:
        """A row for each step, in the order of the document."""
        assert [row[0] for row in rows(heading)] == list(documents[number])

    def test_tells_every_route(self, documents: list[Steps], heading: str, number: int) -> None:
        """What follows on success, failure and cancellation is what the document says."""
        routes = edges(documents[number])
        for name, _, *columns in rows(heading):
            told = [set(re.findall(r"\b[A-Z]\w+\b", column)) for column in [*columns, ""][:3]]
            kinds = ("success", "failure", "cancel")
            real = [{e.target for e in routes if e.source == name and e.kind == kind} - {END} for kind in kinds]

            assert told == real, name


def test_codes_are_a_closed_list(documents: list[Steps]) -> None:
    """Every code that a script can report is documented, and every documented code can be reported."""
    source = source_of(set(SCRIPTS) - RESTORING - TELLING)
    raised = set(re.findall(r'"([A-Z]{2,}(?:_[A-Z]+)*)(?:: |")', source)) - NO_CODE
    steps = {*documents[0], *documents[1]} - NOT_JUDGED
    by_name = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper() + "_FAILED" for name in steps}
    section = README.split("## Outcomes and codes")[1].split("\n## ")[0]
    documented = set(
        re.findall(r"\b[A-Z]{2,}(?:_[A-Z]+)+\b|\b(?:PATCHED|COMPLIANT|FLOOR|PAUSED|FREEZE|ALARM)\b", section)
    )

    assert documented == raised | by_name


def test_codes_have_the_outcome_of_the_table() -> None:
    """A code that is raised is a failure; one that is returned is none."""
    source = source_of(set(SCRIPTS) - RESTORING - TELLING)
    raised = set(re.findall(r'RuntimeError\(\s*f?"([A-Z_]+): ', source))
    table = {code: row[0] for row in rows("Outcomes and codes") for code in row[1].split(", ")}

    assert {code for code in raised if table.get(code) != "failed"} == set()
    assert {code for code, outcome in table.items() if outcome != "failed"} & raised == set()


def test_codes_of_the_restore_runbook_are_documented() -> None:
    """What its own scripts can say, and nothing else, stands in its table."""
    said = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)*)(?:: |")', source_of(RESTORING))) - STATES - {"S", "SS"}

    assert {row[0] for row in rows("The restore runbook")} == said


def test_states_are_documented() -> None:
    """Every state that a script writes or asks for has a row, and no other has."""
    table = {row[0] for row in rows("States of a record")}
    written = set(re.findall(r'mark\((?:db, )?event, "([A-Z]+)"\)', source_of(set(SCRIPTS)))) | {"LEASED", "INSTALLING"}

    assert table == written
