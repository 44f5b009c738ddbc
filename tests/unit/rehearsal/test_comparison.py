"""The table that puts nights side by side: it says who is best, whoever that is."""

import dataclasses

import pytest

from albpatch.rehearsal.comparison import LINES, against, compare, split
from albpatch.rehearsal.figures import Figures
from albpatch.report.bound import Bound, LeastFleet, LeastWindow
from albpatch.report.model import Held, Night, Promise

EQUAL = Figures(
    sent=1000,
    lost=0,
    out_median=100,
    out_worst=200,
    was_out=3,
    roll=600,
    spare=1,
    lowest="2 of 3, floor 1",
    left_out=0,
    down_in=0,
    unpatched=0,
    needless_writes=0,
    calls=10,
    steps=20,
    script_seconds=30,
    created=0,
    modelled=False,
)
LEAST = Bound((LeastWindow("w", (LeastFleet("web", 1, ()),)),), {})


def shown(title, *promises):
    return Night(title, "", "SUCCESS", 1.0, (), (), promises)


def table(**changes):
    return compare([shown("A"), shown("B")], [EQUAL, dataclasses.replace(EQUAL, **changes)], LEAST)


def row(made, name):
    return next(r for r in made.rows if r.name == name)


def test_equal_nights_are_equal_everywhere():
    """Nobody is better where nothing differs."""
    made = table()

    assert all(r.best == ("A", "B") for r in made.rows)
    assert against(made, "A", "B") == f"A against B: better in 0 rows, equal in {len(LINES)}, worse in 0."


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("Requests lost", {"lost": 5}),
        ("Time out or down, worst", {"out_worst": 300}),
        ("Length of the roll", {"roll": 700}),
        ("Lowest capacity, healthy targets", {"spare": -1}),
        ("Instances left out although fit to serve", {"left_out": 1}),
        ("Instances down while requests were sent to them", {"down_in": 1}),
        ("ELB writes on compliant instances", {"needless_writes": 2}),
        ("Resources created at run time", {"created": 3}),
    ],
)
def test_the_worse_night_is_not_best(name, change):
    """Less is better, but for capacity; and what is worse is named."""
    made = table(**change)

    assert row(made, name).best == ("A",)
    assert f"worse in 1 ({name})" in against(made, "B", "A")
    assert "better in 1 row," in against(made, "A", "B")


def test_the_other_side_can_be_better():
    """Where ours needs more steps the table says so, and the cost follows from the steps and script seconds."""
    made = table(steps=10, script_seconds=0.0)
    (ours, theirs) = row(made, "Cost of steps and scripts").cells

    assert row(made, "Automation steps").best == ("B",)
    assert (ours.value, theirs.value) == (pytest.approx(20 * 0.002 + 30 * 0.00003), pytest.approx(0.02))


def test_never_out_is_best():
    """A night in which nobody left has no time out, which no other night beats."""
    made = table(out_median=None, out_worst=None, was_out=0)

    assert row(made, "Time out or down, worst").best == ("B",)
    assert row(made, "Time out or down, worst").cells[1].text == "never out"


def test_what_is_modelled_is_marked():
    """Every figure of a night that used the model is marked, but what the document alone decides; a note says why."""
    made = table(modelled=True)
    marked = {r.name: [c.modelled for c in r.cells] for r in made.rows}

    assert marked["Length of the roll"] == [False, True]
    assert marked["Automation steps"] == [False, False]
    assert made.notes[0].startswith("modelled: ")
    assert not table().notes[0].startswith("modelled: ")


def test_the_contract_stands_under_each_other():
    """A night that is not under the contract has a dash."""
    promise = Promise("C1", "no needless drain", Held.BROKEN, "")
    made = compare([shown("A"), shown("B", promise)], [EQUAL, EQUAL], LEAST)

    assert made.contract == (("C1 no needless drain", ("\u2013", "broken")),)


def test_how_the_fleets_are_split_is_said():
    """Fleets, windows, how many of each are at work at a time, and when windows have to wait."""
    fleets = [LeastFleet(f"f{n}", 1, ()) for n in range(19)]
    few = Bound((LeastWindow("a", tuple(fleets)), LeastWindow("b", (LeastFleet("g", 2, ()),))), {})

    assert split(LEAST) == "Split: 1 fleet in 1 window; fleets side by side, in a fleet 1 at a time."
    assert split(few) == "Split: 20 fleets in 2 windows (19, 1); fleets side by side, in a fleet 1 or 2 at a time."
    assert "(0, 0, 0, 0, 0, 0), at most 5 open at a time" in split(Bound((LeastWindow("a", ()),) * 6, {}))


def test_more_executions_than_aws_runs_are_told():
    """How many executions were in progress at one moment stands beside what AWS runs; without any nothing is said."""
    assert any("at most 120. AWS runs 100" in note for note in table(most_at_once=120).notes)
    assert not any("AWS runs 100" in note for note in table().notes)
