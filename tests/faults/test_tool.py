"""make faults: what it takes, what it writes, how it ends."""

import importlib.util
import json
from pathlib import Path

import pytest

from albpatch.report.html import faults_page
from albpatch.report.matrix import Matrix, Played, Violation

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool():
    """tools/faults.py as a module."""
    spec = importlib.util.spec_from_file_location("faults_tool", ROOT / "tools/faults.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--sample", "none"], "'none' is not a whole number above 0"),
        (["--processes", "0"], "'0' is not a whole number above 0"),
        (["--fleet", "two"], "invalid choice: 'two'"),
        (["--every"], "unrecognized arguments: --every"),
    ],
)
def test_bad_arguments_are_refused(tool, given, message, capsys):
    """One line that names the mistake, and status 2."""
    with pytest.raises(SystemExit) as ended:
        tool.main(given)

    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_a_name_that_matches_nothing(tool, plan, monkeypatch, capsys):
    """Nothing played is no success."""
    monkeypatch.setattr(tool, "planned", lambda: plan)

    assert tool.main(["--fleet", "one", "--only", "no such night"]) == 2
    assert "has a name that contains 'no such night'" in capsys.readouterr().err


def test_a_night_is_played_and_written(tool, plan, monkeypatch, tmp_path, capsys):
    """One night, its table, a page and JSON; no violation is status 0."""
    monkeypatch.setattr(tool, "planned", lambda: plan)
    page, data = tmp_path / "faults.html", tmp_path / "faults.json"
    only = ["--only", "one/Detach/elbv2.DeregisterTargets-1/died after", "--processes", "1"]

    assert tool.main(["--fleet", "one", *only, "--html", str(page), "--json", str(data)]) == 0
    assert "1 fault injected, no violation" in capsys.readouterr().out
    assert json.loads(data.read_text())["nights"][0]["struck"] is True
    assert "1 fault injected, no violation" in page.read_text()


def test_the_page_shows_violations_with_their_command():
    """Words from a night are text, whatever they hold; every violation has its command."""
    bad = Played("one/Detach/lost", "one", "lost", (Violation("floor", "<b>2 healthy</b>"),))
    text = faults_page(Matrix((bad,), ("floor",), facts=(("Wall clock", "1 s"),)))

    assert "&lt;b&gt;2 healthy" in text and "<b>2 healthy" not in text
    assert "make faults ONLY=&#39;one/Detach/lost&#39;" in text
    assert "1 fault injected, 1 night with a violation" in text


def test_a_violation_is_status_1(tool, plan, monkeypatch, capsys):
    """A pipeline sees it."""
    bad = Played("one/Scan/died", "one", "died", (Violation("floor", "2 healthy, floor 3"),))
    monkeypatch.setattr(tool, "planned", lambda: plan)
    monkeypatch.setattr(tool, "all_played", lambda *_: iter([bad]))

    assert tool.main(["--fleet", "one", "--only", "Scan/died"]) == 1
    assert "floor: 2 healthy, floor 3" in capsys.readouterr().out
