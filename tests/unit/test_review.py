"""The verb review: exit statuses, formats, files, bad input; nothing sensitive in any output; a large plan."""

import json
import re
import time

import pytest

from albpatch import cli
from albpatch.plan.rules import RULES
from albpatch.report.findings_output import FORMATS
from unit.plan.plans import RUNBOOK, Made, arn, fleet, plan, record

RECORD = "module.web.terraform_data.deployment"
TASK = 'module.web.module.maintenance_window.aws_ssm_maintenance_window_task.fleet["web"]'


@pytest.fixture
def written(tmp_path):
    """Writes a plan and returns its path as text."""

    def write(content, name="plan.json"):
        (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
        return str(tmp_path / name)

    return write


ERROR = Made().call().put(TASK, "max_errors", value="5")
WARNING = Made().call(given=record(enabled=False))
NOTE = Made().call(given=record(cutoff_hours=0))


@pytest.mark.parametrize(
    ("made", "fail_on", "status"),
    [
        (Made().call(), "note", 0),
        (NOTE, "note", 1),
        (NOTE, "warning", 0),
        (WARNING, "warning", 1),
        (WARNING, "error", 0),
        (ERROR, "error", 1),
        (ERROR, "note", 1),
    ],
)
def test_the_exit_status_follows_the_threshold(written, capsys, made, fail_on, status):
    """0 without a finding at or above the threshold, 1 with one."""
    assert cli.main(["review", written(plan(made)), "--fail-on", fail_on]) == status
    assert capsys.readouterr().err == ""


def test_a_plan_without_a_call(written, capsys):
    """A root that does not call the module is fine, unless a call is required."""
    other = written(plan(Made().add("aws_instance.web", id="i-1")))

    assert cli.main(["review", other]) == 0
    assert capsys.readouterr().out == "this plan does not call the module\n"
    assert cli.main(["review", other, "--require-call"]) == 1
    assert cli.main(["review", written(plan(Made().call())), "--require-call"]) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["absent.json"],
        ["{bad}"],
        ["{plan}", "--base", "{bad}"],
        ["{plan}", "--base", "absent.json"],
        ["{plan}", "--write", "markdown"],
        ["{plan}", "--write", "pdf=x"],
        ["{plan}", "--write", "json={folder}/absent/x"],
        ["{plan}", "--accept", "guard-weakend"],
        ["{later}"],
    ],
)
def test_bad_input_is_one_line(written, tmp_path, capsys, arguments):
    """Whatever cannot be read or written is one line on stderr and exit status 2."""
    later = Made().call().put(RECORD, "input", "schema", value="alb-patching/deployment/9")
    given = {
        "plan": written(plan(Made().call())),
        "bad": written('{"format_version"', "bad.json"),
        "later": written(plan(later), "later.json"),
        "folder": str(tmp_path),
    }
    status = cli.main(["review", *(argument.format(**given) for argument in arguments)])
    captured = capsys.readouterr()

    assert status == 2
    assert captured.err.startswith("albpatch: ")
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_reports_are_written_beside_the_printed_one(written, tmp_path, capsys):
    """Each --write makes one file, and the terminal still gets its words."""
    files = [argument for name in FORMATS[1:] for argument in ("--write", f"{name}={tmp_path / name}")]

    assert cli.main(["review", written(plan(ERROR)), *files]) == 1
    assert "errors-tolerated" in capsys.readouterr().out
    assert all("errors-tolerated" in (tmp_path / name).read_text() for name in FORMATS[1:])


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_can_be_printed(written, capsys, name):
    """--format prints that format and nothing else."""
    assert cli.main(["review", written(plan(ERROR)), "--format", name]) == 1
    assert "errors-tolerated" in capsys.readouterr().out


def test_an_accepted_finding_does_not_count(written, capsys):
    """Accepted by id, or by id and address, a finding is a note that says so; another one still counts."""
    file = written(plan(ERROR))

    assert cli.main(["review", file, "--accept", "errors-tolerated"]) == 0
    assert "Accepted (error): Fleet web tolerates 5 errors." in capsys.readouterr().out
    assert cli.main(["review", file, "--accept", f"errors-tolerated@{TASK}"]) == 0
    assert cli.main(["review", file, "--accept", "errors-tolerated@elsewhere"]) == 1
    assert cli.main(["review", file, "--accept", "cutoff-short"]) == 1


def test_a_base_is_what_the_plan_is_compared_with(written, capsys):
    """A guard that the base has and the plan has not is found, though nothing exists yet."""
    weak = written(plan(Made().call(text=RUNBOOK.replace("Default: Tell", "Default: TakeOut"))), "weak.json")
    base = written(plan(Made().call()), "base.json")

    assert cli.main(["review", weak]) == 0
    assert cli.main(["review", weak, "--base", base]) == 1
    assert "guard-weakened" in capsys.readouterr().out


SECRET = "hunter2-correct-horse"
PLACES = [
    ("input", "name"),
    ("input", "window", "expression"),
    ("input", "window", "timezone"),
    ("input", "fleets", "web", "tags", "Fleet", 0),
    ("input", "fleets", "web", "target_group_arns", 0),
    ("input", "settings", "logs", "s3_key_prefix"),
    ("input", "automation_role", "arn"),
]


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("side", ["new", "changed"])
def test_a_sensitive_value_is_in_no_output(written, capsys, path, side):
    """Marked as sensitive, a value appears in no format, neither in the words nor in what changes."""
    made, mark = Made().call().put(RECORD, *path, value=SECRET), True
    for step in reversed(path):
        mark = {step: mark} if isinstance(step, str) else [mark]
    made.sensitive[RECORD] = mark
    before = Made().call()
    content = plan(made, before) if side == "changed" else plan(made)

    for name in FORMATS:
        cli.main(["review", written(content), "--format", name])
        assert SECRET not in capsys.readouterr().out


@pytest.mark.parametrize("attribute", ["content", "policy", "values", "assume_role_policy"])
def test_sensitive_texts_are_in_no_output(written, capsys, attribute):
    """A document, a policy or parameters that are sensitive are not shown, even where they are wrong."""
    made = Made().call()
    for address, values in made.values.items():
        if attribute in values:
            values[attribute] = f"{{{SECRET}"
            made.sensitive[address] = {attribute: True}
    parameter = made.values[TASK]["task_invocation_parameters"][0]["automation_parameters"][0]["parameter"][0]
    if attribute == "values":
        parameter["values"] = [SECRET]
        made.sensitive[TASK] = {
            "task_invocation_parameters": [{"automation_parameters": [{"parameter": [{"values": True}]}]}]
        }

    for name in FORMATS:
        cli.main(["review", written(plan(made)), "--format", name])
        assert SECRET not in capsys.readouterr().out


def test_a_large_plan_is_quick(written, capsys):
    """A plan of more than 5 MB with twenty calls and a thousand instances takes seconds, also on a busy machine."""
    made = Made()
    for n in range(20):
        each = fleet(tags={"Fleet": [str(n)]}, target_group_arns=[arn(f"g{n}")])
        made.call(f"module.web[{n}]", record(f"web{n}", {"web": each}))
    for n in range(1000):
        made.add(f"aws_instance.i[{n}]", tags={"Fleet": str(n % 20)})
        made.add(f"aws_lb_target_group_attachment.a[{n}]", target_group_arn=arn(f"g{n % 20}"), target_id=f"i-{n}")
    for n in range(5000):
        made.add(f"aws_security_group_rule.r[{n}]", description="x" * 300, cidr_blocks=["10.0.0.0/8"] * 10)
    file = written(plan(made, made))
    start = time.process_time()
    status = cli.main(["review", file])

    assert status == 0
    assert time.process_time() - start < 5
    assert "20 calls of the module: 20 unchanged" in capsys.readouterr().out


def test_every_finding_stands_in_the_documentation(pytestconfig):
    """docs/review.md has one row for each finding, with its severity and its words, and no other."""
    text = (pytestconfig.rootpath / "docs/review.md").read_text()
    table = text.split("<!-- findings -->")[1].split("<!-- /findings -->")[0]
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+) \| (.+?) \| (.+?) \| (.+?) \|$", table, re.M)

    assert rows == [(rule.id, rule.severity, rule.title, rule.why, rule.todo) for rule in RULES.values()]
