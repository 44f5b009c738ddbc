"""The same fleet under plain patching, AWS's runbook and the bundled one, in one run."""

import io
import json
import re
from pathlib import Path

import pytest

from albpatch.cli import main
from albpatch.rehearsal.side_by_side import AWS_OWNED, BUNDLED, PLAIN, TITLES, play, report, source_of
from albpatch.report.html import page
from albpatch.report.result import result
from albpatch.report.terminal import summary
from night_fleet import scene

ROOT = Path(__file__).resolve().parents[2]
KINDS = (PLAIN, AWS_OWNED, BUNDLED)


@pytest.fixture(scope="module")
def both(plan, clone_plan):
    return {BUNDLED: plan, AWS_OWNED: clone_plan}


def compared(both, scenario, kinds=KINDS):
    nights, found = zip(*(play(both[source_of(kind)], scenario, kind) for kind in kinds), strict=True)
    return report("side by side", kinds, nights, found, []), dict(zip(kinds, found, strict=True))


@pytest.fixture(scope="module")
def usual(both):
    """Three machines with patches and a compliant one."""
    return compared(both, scene({"a": "patches", "b": "patches", "c": "slow-start", "d": "compliant"}))


def test_the_figures_of_a_usual_night(usual):
    """Plain patching loses requests; both runbooks lose none; AWS's drains the compliant machine and builds things."""
    _, found = usual

    assert found[PLAIN].lost > 0
    assert found[BUNDLED].lost == 0
    assert (found[AWS_OWNED].needless_writes, found[BUNDLED].needless_writes) == (2, 0)
    assert (found[AWS_OWNED].was_out, found[BUNDLED].was_out) == (4, 3)
    assert (found[PLAIN].created, found[AWS_OWNED].created, found[BUNDLED].created) == (0, 3 * 4, 0)
    assert [found[k].modelled for k in KINDS] == [False, True, False]
    assert found[AWS_OWNED].steps == 4 * 11
    assert {k: f.unpatched for k, f in found.items()} == dict.fromkeys(KINDS, 0)


def test_lost_requests_can_be_recomputed(usual):
    """What the table says is the sum over the target groups of the same night."""
    made, found = usual
    shown = result(made)

    for kind, night in zip(KINDS, shown["nights"], strict=True):
        assert night["requests"]["lost"] == pytest.approx(found[kind].lost, abs=1e-3)
        assert sum(loss["requests"] for g in night["target_groups"] for loss in g["losses"]) == pytest.approx(
            found[kind].lost, abs=1e-3
        )


def test_the_table_is_everywhere_the_same(usual):
    """Terminal, page and JSON show the same rows, and who is best in each."""
    made, _ = usual
    out = io.StringIO()
    summary(made, out)
    html, shown = page(made), result(made)["comparison"]

    assert shown["nights"] == [TITLES[kind] for kind in KINDS]
    assert len(re.findall(r'<svg class="night"', html)) == 3
    for row in shown["rows"]:
        assert row["name"] in html
        assert row["name"].split()[0] in out.getvalue()
        assert set(row["best"]) <= set(shown["nights"])
    assert next(r for r in shown["rows"] if r["name"] == "Script seconds")["best"] == [TITLES[PLAIN], TITLES[AWS_OWNED]]
    assert "<small> modelled</small>" in html


def test_a_cancel_while_machines_are_down(both):
    """Cancelled during the reboot AWS's runbook leaves the machine out; the bundled one has it put back."""
    acts = [{"act": "cancel", "machine": "a", "when": {"host": "rebooting", "after": 5}}]
    made, found = compared(both, scene({"a": "patches", "b": "patches"}, faults={"acts": acts}))

    assert [found[k].left_out for k in KINDS] == [0, 1, 0]
    assert [a[1] for a in made.nights[0].acts] == ["a: no execution to cancel"]


def test_a_machine_that_does_not_come_up(both):
    """AWS's runbook goes on with the next machine and falls below the floor; the bundled one stops and holds it."""
    _, found = compared(both, scene({"a": "never-up", "b": "patches", "c": "patches"}))

    assert [found[k].down_in for k in KINDS] == [3, 0, 0]
    assert (found[AWS_OWNED].spare, found[BUNDLED].spare) == (-1, 0)
    assert (found[AWS_OWNED].unpatched, found[BUNDLED].unpatched) == (0, 2)


def test_the_same_input_gives_the_same_figures(both, usual):
    """Two runs do not differ in any figure."""
    _, again = compared(both, scene({"a": "patches", "b": "patches", "c": "slow-start", "d": "compliant"}))

    assert again == usual[1]


def test_without_the_bundled_runbook_nothing_is_under_test(both):
    """The contract is ours: a comparison of the others does not hold or break it."""
    made, _ = compared(both, scene({"a": "patches", "b": "patches"}), (PLAIN, AWS_OWNED))

    assert made.held is None


def test_the_verb_compares_an_example(tmp_path, capsys, monkeypatch):
    """From the command line: plans of both sources, the table, the page and the JSON result."""
    monkeypatch.chdir(ROOT)
    status = main(["rehearse", "--compare", "plain,aws-owned,bundled", "--report", str(tmp_path)])
    made = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))

    assert status == 0
    assert made["comparison"]["nights"] == [TITLES[kind] for kind in KINDS]
    assert "Bundled runbook against AWS-owned runbook: better in" in capsys.readouterr().out.replace("\n", " ")
    assert (tmp_path / "report.html").stat().st_size > 10_000
