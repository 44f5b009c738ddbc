"""examples/pipeline: the workflows hang together, every command in them exists, and they have the least rights."""

import re
import shlex

import pytest
import yaml

from albpatch import cli

FILES = ("examples/pipeline/github-actions.yml", "examples/pipeline/gitlab-ci.yml")
COMMANDS = {"albpatch", "cat", "curl", "else", "fi", "gh", "if", "jq", "mine", "pip", "printf", "terraform"}
TERRAFORM = {"init", "plan", "show", "apply", "output"}
JOB = {"needs", "if", "runs-on", "timeout-minutes", "permissions", "environment", "steps"}
STEP = {"uses", "with", "run", "if", "name", "env"}
GITLAB_JOB = {
    *("stage", "extends", "rules", "script", "artifacts", "needs", "variables"),
    *("environment", "resource_group", "id_tokens", "before_script"),
}


def jobs(tree, file):
    """Job -> what it says."""
    workflow = yaml.safe_load(tree[file])
    if "jobs" in workflow:
        return workflow["jobs"]
    return {name: job for name, job in workflow.items() if name not in ("default", "stages", "variables")}


def commands(tree, file):
    """Every line of a shell in a workflow."""
    for job in jobs(tree, file).values():
        scripts = [step["run"] for step in job.get("steps", []) if "run" in step]
        for script in [*scripts, *job.get("before_script", []), *job.get("script", [])]:
            yield from (line.strip() for line in script.splitlines() if line.strip())


@pytest.mark.parametrize("file", FILES)
def test_every_command_exists(tree, file):
    """Each line starts with a known program; Terraform's subcommands are Terraform's."""
    lines = list(commands(tree, file))

    assert {re.split(r"[ =]", line)[0] for line in lines} <= COMMANDS
    assert {shlex.split(line)[1] for line in lines if line.startswith("terraform ")} <= TERRAFORM
    assert {"rehearse", "review", "check"} <= {shlex.split(line)[1] for line in lines if line.startswith("albpatch ")}


@pytest.mark.parametrize("file", FILES)
def test_every_albpatch_command_is_one_that_albpatch_takes(tree, file):
    """Verbs and options are those of the command line's own parser."""
    lines = [line for line in commands(tree, file) if line.startswith("albpatch ")]

    assert [line for line in lines if not hasattr(cli._parser().parse_args(shlex.split(line)[1:]), "run")] == []


@pytest.mark.parametrize("file", FILES)
def test_jobs_wait_for_jobs_that_exist(tree, file):
    """What a job needs, extends or belongs to is there, and no key is made up."""
    found = jobs(tree, file)
    known = JOB if "github" in file else GITLAB_JOB
    for name, job in found.items():
        needed = job.get("needs", [])
        assert set(needed if isinstance(needed, list) else [needed]) <= set(found), name
        assert set(job) <= known, name
        assert job.get("extends", ".aws") == ".aws", name
        for step in job.get("steps", []):
            assert set(step) <= STEP
            assert ("uses" in step) != ("run" in step)
    if "gitlab" in file:
        stages = yaml.safe_load(tree[file])["stages"]
        assert {job["stage"] for name, job in found.items() if not name.startswith(".")} == set(stages)


@pytest.mark.parametrize("file", FILES)
def test_only_the_reviewed_plan_is_applied(tree, file):
    """Apply takes the plan file that the review job made and reviewed, and waits for its verdict."""
    found = jobs(tree, file)
    applied = [line for line in commands(tree, file) if line.startswith("terraform apply")]

    assert [shlex.split(line)[-1] for line in applied] == ["tfplan"]
    assert "review" in (found["apply"]["needs"], *found["apply"]["needs"])
    assert "albpatch review plan.json" in "\n".join(commands({file: yaml.dump({"review": found["review"]})}, file))
    assert "if" not in found["apply"] or "always()" not in found["apply"]["if"]


def test_actions_are_pinned_and_rights_are_few(tree):
    """Actions run by commit; no right is given to the whole workflow; what writes to the account cannot comment."""
    workflow = yaml.safe_load(tree[FILES[0]])
    steps = [step for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    rights = {name: job["permissions"] for name, job in workflow["jobs"].items()}

    assert [s["uses"] for s in steps if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", s["uses"])] == []
    assert workflow["permissions"] == {}
    assert {name for name, right in rights.items() if "write" in right.values()} == {
        "review",
        "comment",
        "apply",
        "check",
    }
    assert rights["comment"] == {"pull-requests": "write"}
    assert {right.get("id-token") for name, right in rights.items() if name in ("review", "apply", "check")} == {
        "write"
    }
    assert rights["rehearse"] == {"contents": "read"}
    checkouts = [s for s in steps if s["uses"].startswith("actions/checkout@")]
    assert all(s["with"]["persist-credentials"] is False for s in checkouts)


def test_the_comment_is_found_again(tree):
    """Both pipelines look for the line with which the markdown report begins."""
    from albpatch.report.markdown import MARKER

    assert all(MARKER.format(verb="review") in tree[file] for file in FILES)
