"""Generated fleets: the same for the same numbers, split as windows can hold them."""

import json
from pathlib import Path

import pytest

from albpatch.errors import InputError
from albpatch.rehearsal.generate import Size, configuration, scenario

ROOT = Path(__file__).resolve().parents[3]


def test_the_same_numbers_give_the_same_fleet():
    """Equal for equal numbers; another seed draws other machines."""
    assert scenario(Size(100, 7, 3)) == scenario(Size(100, 7, 3))
    assert scenario(Size(100, 7, 3)) != scenario(Size(100, 7, 4))


def test_machines_are_spread_evenly():
    """Every fleet has its share, in more than one zone, behind a target group of its own."""
    made = scenario(Size(100, 7))
    fleets = {}
    for machine in made.machines.values():
        fleets.setdefault(machine.tags["Fleet"], []).append(machine)
    sizes = [len(machines) for machines in fleets.values()]

    assert (len(fleets), sum(sizes), max(sizes) - min(sizes)) == (7, 100, 1)
    assert set(made.target_groups) == set(fleets)
    assert all(len({m.zone for m in machines}) == 3 for machines in fleets.values())


@pytest.mark.parametrize(("fleets", "windows"), [(1, [1]), (19, [19]), (20, [19, 1]), (40, [19, 19, 2])])
def test_windows_hold_nineteen_fleets(fleets, windows):
    """What does not fit into a window goes into the next one."""
    assert [len(names) for names in Size(200, fleets).windows] == windows


def test_several_of_a_fleet_at_a_time():
    """The configuration lets as many go, and as many be out, as the size says."""
    with configuration(Size(20, 2, concurrency=3), ROOT) as root:
        (call,) = json.loads((root / "main.tf.json").read_text(encoding="utf-8"))["module"].values()

    assert [f["rate_control"]["concurrency"] for f in call["fleets"].values()] == ["3", "3"]
    assert [f["disruption_budget"]["max_unavailable"] for f in call["fleets"].values()] == [3, 3]


@pytest.mark.parametrize("concurrency", [0, 101])
def test_a_concurrency_that_makes_no_sense(concurrency):
    """At least one at a time, and no more than AWS runs."""
    with pytest.raises(InputError, match="--concurrency: must be from 1 to 100"):
        Size(10, 1, concurrency=concurrency)


def test_the_configuration_calls_the_module_once_a_window():
    """A folder that is gone afterwards, with one call a window."""
    with configuration(Size(80, 40), ROOT) as root:
        calls = json.loads((root / "main.tf.json").read_text(encoding="utf-8"))["module"]
        sources = {(root / call["source"]).resolve() for call in calls.values()}

    assert [len(call["fleets"]) for call in calls.values()] == [19, 19, 2]
    assert sources == {ROOT}
    assert not root.exists()


@pytest.mark.parametrize("numbers", [(10, 0), (1, 1), (5, 3), (100_000, 1), (5_000, 501)])
def test_sizes_that_make_no_sense(numbers):
    """A fleet has at least two machines, and there is a limit."""
    with pytest.raises(InputError, match=r"--(fleets|instances): must be from"):
        Size(*numbers)
