"""The same fleet under plain patching, AWS's runbook and the bundled one, in one run."""

import contextlib
import io
import itertools
import json
import re
import runpy
from pathlib import Path

import pytest

from albpatch.cli import main
from albpatch.rehearsal.side_by_side import (
    AWS_OWNED,
    AWS_OWNED_ALONE,
    BUNDLED,
    PLAIN,
    TITLES,
    contenders,
    play,
    report,
    source_of,
)
from albpatch.report.html import page
from albpatch.report.result import result
from albpatch.report.terminal import summary
from night_fleet import group, machine, scene

ROOT = Path(__file__).resolve().parents[2]
KINDS = (PLAIN, AWS_OWNED, BUNDLED)


@pytest.fixture(scope="module")
def both(plan, clone_plan):
    return {BUNDLED: plan, AWS_OWNED: clone_plan}


def compared(both, scenario, kinds=KINDS):
    played = {kind: play(both[source_of(kind)], scenario, kind) for kind in kinds}
    return report("side by side", played, []), {kind: one.figures for kind, one in played.items()}


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


def test_several_at_a_time_are_compared_with_one_at_a_time(both):
    """AWS's runbook is played by hand as well where the windows take several at a time."""
    assert contenders(both, KINDS) == [PLAIN, AWS_OWNED_ALONE, AWS_OWNED, BUNDLED]
    assert contenders(both, [BUNDLED]) == [BUNDLED]


def test_one_at_a_time_is_one_at_a_time(both):
    """By hand, two fleets go one after the other: no two machines are out together, and it takes as long as both."""
    machines = {"c": machine(0, "many", ("api",)), "d": machine(1, "many", ("api",))}
    groups = {"web": group(), "api": group(), "admin": group()}
    scenario = scene(dict.fromkeys("abcd", "patches"), groups=groups, machines=machines)
    alone, together = (play(both[AWS_OWNED], scenario, kind) for kind in (AWS_OWNED_ALONE, AWS_OWNED))
    out = sorted((m.out_from, m.out_to) for m in alone.shown.machines)

    assert all(ended <= began for (_, ended), (began, _) in itertools.pairwise(out))
    assert alone.figures.unpatched == together.figures.unpatched == 0
    assert alone.figures.roll == pytest.approx(2 * together.figures.roll, rel=0.02)
    assert (alone.figures.most_at_once, together.figures.most_at_once) == (2, 2)  # parent and child; two children


@pytest.fixture(scope="module")
def generated_result(tmp_path_factory):
    """Eight machines in two fleets, two of a fleet at a time, from the command line."""
    folder = tmp_path_factory.mktemp("generated")
    with contextlib.chdir(ROOT):
        size = ("--instances=8", "--fleets=2", "--concurrency=2", "--seed=3")
        status = main(["rehearse", ".", "--compare=plain,aws-owned,bundled", *size, f"--report={folder}"])
    assert status == 0
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))


def test_the_bound_can_be_recomputed(generated_result):
    """From the scenario and the settings in the result: each machine's parts, their sum, the longest fleet."""
    bound, played = generated_result["comparison"]["bound"], generated_result["scenario"]
    longest = []
    for fleet in (fleet for window in bound["windows"] for fleet in window["fleets"]):
        seconds = []
        for one in fleet["machines"]:
            profile = played["profiles"][played["assign"][one["name"]]]
            scan, patches = profile["scan_seconds"], profile.get("missing_patches", 0)
            after = max(profile.get("start_seconds", 15), 10 + scan)
            parts = (
                (30, profile.get("patch_seconds"), profile.get("reboot_seconds"), after, 30) if patches else (0,) * 5
            )
            seconds.append(scan + sum(parts))
        assert fleet["concurrency"] == 2
        longest.append(max(*seconds, sum(seconds) / 2))

    assert bound["seconds"] == pytest.approx(max(longest))
    assert sum(len(fleet["machines"]) for window in bound["windows"] for fleet in window["fleets"]) == 8


def test_no_roll_is_shorter_than_the_bound(generated_result):
    """Neither the bundled runbook nor AWS's beats it, and the ratios follow from the rolls of the same result."""
    table = generated_result["comparison"]
    rolls = next(r for r in table["rows"] if r["name"] == "Length of the roll")["by_night"]
    alone, together, ours = (rolls[TITLES[kind]]["value"] for kind in (AWS_OWNED_ALONE, AWS_OWNED, BUNDLED))

    assert min(alone, together, ours) >= table["bound"]["seconds"]
    assert [r["value"] for r in table["ratios"][:3]] == pytest.approx(
        [alone / ours, together / ours, ours / table["bound"]["seconds"]], abs=1e-3
    )


def test_the_time_out_beyond_what_a_machine_takes_can_be_recomputed(generated_result):
    """Out of rotation less patch, reboot, what comes after it and one health check: the worst patched machine's."""
    (ours,) = (night for night in generated_result["nights"] if night["title"] == TITLES[BUNDLED])
    windows = generated_result["comparison"]["bound"]["windows"]
    own = {m["name"]: m for window in windows for fleet in window["fleets"] for m in fleet["machines"]}
    seconds = [
        m["out_seconds"] - sum(own[m["name"]][part] for part in ("patch", "reboot", "after_reboot")) - 10
        for m in ours["machines"]
        if m["patched"] is not None
    ]

    assert generated_result["comparison"]["ratios"][3]["value"] == pytest.approx(max(seconds), abs=0.01)
    assert min(seconds) > 0


def test_the_table_for_the_readme_is_the_results(generated_result):
    """tools/figures.py prints the nights, the figures and the ratios as the result has them, modelled ones marked."""
    shown = runpy.run_path(str(ROOT / "tools/figures.py"))["markdown"](generated_result)
    header, _, lost, *_ = shown.splitlines()
    night = generated_result["nights"][0]["requests"]

    assert header == "|  | " + " | ".join(generated_result["comparison"]["nights"]) + " |"
    assert f"| {night['lost']:,.1f} of {night['sent']:,.0f} |" in lost
    assert lost.count(" * |") == 2
    assert "\n* AWS-owned one at a time against bundled: " in shown


def test_lost_requests_can_be_recomputed_from_the_routing(generated_result):
    """Rate x share of the targets that do not serve x time, plus the open requests that were cut."""
    rate = generated_result["scenario"]["traffic"]["requests_per_second"]
    for night in generated_result["nights"]:
        refused, cut = 0.0, 0.0
        for one in night["target_groups"]:
            ends = [step["at"] for step in one["routing"][1:]] + [night["seconds"]]
            for step, end in zip(one["routing"], ends, strict=True):
                refused += rate * (end - step["at"]) * (step["not_serving"] / step["targets"] if step["targets"] else 1)
            cut += sum(loss["requests"] for loss in one["losses"] if "cut" in loss["text"])
        assert night["requests"]["lost"] == pytest.approx(refused + cut, abs=0.05)
    assert generated_result["nights"][0]["requests"]["lost"] > 0


def test_the_verb_compares_an_example(tmp_path, capsys, monkeypatch):
    """From the command line: plans of both sources, the table, the page and the JSON result."""
    monkeypatch.chdir(ROOT)
    status = main(["rehearse", "--compare", "plain,aws-owned,bundled", "--report", str(tmp_path)])
    made = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))

    assert status == 0
    assert made["comparison"]["nights"] == [TITLES[kind] for kind in KINDS]
    assert "Bundled runbook against AWS-owned runbook: better in" in capsys.readouterr().out.replace("\n", " ")
    assert (tmp_path / "report.html").stat().st_size > 10_000


SCENARIO = """
exists:
  zones: [us-east-1a, us-east-1c]
  target_groups:
    web: {port: 80}
    api: {port: 81, load_balancer: null}
    admin: {port: 82, load_balancer: null}
  instances:
    a: {zone: us-east-1a, tags: {Fleet: web}, registrations: [{target_group: web}]}
    b: {zone: us-east-1c, tags: {Fleet: web}, registrations: [{target_group: web}]}
profiles: {patches: {missing_patches: 1}}
assign: {a: patches, b: patches}
"""


def test_a_written_scenario_and_a_plan_are_a_night(tmp_path, monkeypatch, plan, capsys):
    """`--scenario FILE --plan-json FILE` plays the plan's runbook in virtual time, without Terraform on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    (tmp_path / "night.yaml").write_text(SCENARIO, encoding="utf-8")
    asked = [f"--plan-json={tmp_path / 'plan.json'}", f"--scenario={tmp_path / 'night.yaml'}", f"--report={tmp_path}"]
    status = main(["rehearse", *asked])
    made = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))

    assert status == 0
    assert [night["title"] for night in made["nights"]] == [TITLES[BUNDLED]]
    assert [m["outcome"] for m in made["nights"][0]["machines"]] == ["patched", "patched"]
    assert main(["rehearse", *asked, "--compare=aws-owned"]) == 2
    assert "the plan's runbook is bundled, aws-owned needs the configuration instead" in capsys.readouterr().err
