"""The list of guards fits the project; what removes them one at a time sees the difference."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _tool():
    spec = importlib.util.spec_from_file_location("mutants_tool", ROOT / "tools/mutants.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = _tool()
GUARDS = TOOL.mutants()


@pytest.mark.parametrize("mutant", GUARDS, ids=[m.guard for m in GUARDS])
def test_every_guard_stands_where_the_list_says(mutant):
    """Its text stands in the file exactly once, and the test that must notice exists."""
    path, *_, name = mutant.test.split("::")

    assert TOOL.without(mutant, ROOT) != (ROOT / mutant.file).read_text(encoding="utf-8")
    assert re.search(rf"^ *def {re.escape(name)}\(", (ROOT / path).read_text(encoding="utf-8"), re.M)


def test_every_script_of_the_runbook_has_a_guard_on_the_list():
    """A script without one could lose whatever keeps it safe."""
    scripts = {path.name for path in (ROOT / "runbook/scripts").glob("*.py")} - {"tell.py"}

    assert len(GUARDS) >= 50
    assert {Path(m.file).name for m in GUARDS} >= scripts


MUTANT = TOOL.Mutant("positive", "it.py", "x > 0", "x < 0", "test_it.py::test_it")


def project(root, body):
    """A project with one guard and one test that may or may not look at it."""
    (root / "it.py").write_text("def guarded(x):\n    return x > 0\n", encoding="utf-8")
    (root / "test_it.py").write_text(f"import it\n\n\ndef test_it():\n    {body}\n", encoding="utf-8")
    (root / "conftest.py").write_text("import sys\nsys.path.insert(0, __file__.rpartition('/')[0])\n", encoding="utf-8")
    return root


def test_a_guard_that_a_test_needs_is_noticed(tmp_path):
    """The test fails without it; the file is as before afterwards."""
    root = project(tmp_path, "assert it.guarded(1)")

    assert TOOL.played(root, MUTANT) == ""
    assert "x > 0" in (root / "it.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(("body", "why"), [("assert it", "the test passes"), ("syntax error", "pytest ended with")])
def test_a_guard_that_nobody_needs_is_told(tmp_path, body, why):
    """A test that passes without the guard, or cannot run at all, notices nothing."""
    assert TOOL.played(project(tmp_path, body), MUTANT).startswith(why)


def test_a_guard_that_is_gone_is_an_error(tmp_path):
    """A list that does not fit is never taken for a list without survivors."""
    root = project(tmp_path, "assert it.guarded(1)")
    gone = TOOL.Mutant("gone", "it.py", "y > 0", "y < 0", "test_it.py::test_it")
    twice = TOOL.Mutant("twice", "test_it.py", "it", "that", "test_it.py::test_it")

    for mutant in (gone, twice):
        with pytest.raises(TOOL.Unfit, match=f"{mutant.guard}: its text stands [0-9] times in .*, not once"):
            TOOL.without(mutant, root)


def test_a_text_that_no_guard_contains(capsys):
    """Nothing removed is no success."""
    assert TOOL.main(["--only", "no such guard"]) == 2
    assert capsys.readouterr().err == "no guard contains 'no such guard'\n"


def test_a_list_that_is_none(tmp_path):
    """One line says what is wrong with it."""
    path = tmp_path / "guards.yaml"
    path.write_text("- {guard: a}\n", encoding="utf-8")

    with pytest.raises(TOOL.Unfit, match=r"guards\.yaml: "):
        TOOL.mutants(path)
