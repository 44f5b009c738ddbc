"""Which acts are played, and what is said of them in one sentence."""

import pytest

from albpatch.errors import InputError
from albpatch.rehearsal.acts import planned, sentence
from albpatch.rehearsal.rehearse import judged
from albpatch.rehearsal.scenario import Trigger, parse
from albpatch.rehearsal.world import World
from albpatch.report.model import Group, Held, Machine, Night, Promise, Span, State


def world(**profile):
    made = parse(
        {
            "exists": {
                "zones": ["us-east-1a"],
                "target_groups": {"web": {"port": 80}},
                "instances": {n: {"zone": "us-east-1a"} for n in "ab"},
            },
            "profiles": {"fine": {}, "p": profile},
            "assign": {"a": "fine", "b": "p"},
        }
    )
    return World(made, {"web": "arn"}, {"a": "i-a", "b": "i-b"})


def night(outcome="patched", back=20.0, lost=0.0, held=Held.HELD, title="n"):
    spans = (Span(0, 10, State.IN_ROTATION), Span(10, 20, State.DRAINING), Span(20, 30, State.IN_ROTATION))
    machine = Machine("a", "i-a", outcome, "", spans, 10.0, back, 15.0 if outcome == "patched" else None, back)
    group = Group("web", 1, 0, ((0.0, 1),), 100.0, lost)
    return Night(title, "", "SUCCESS", 30.0, (machine,), (group,), (Promise("C4", "no lost request", held, ""),))


def test_the_third_act_cancels_the_first_machine_that_reboots():
    """In the middle of the reboot of the first machine with work to do."""
    acts = planned(world(missing_patches=1, reboot_seconds=80), [1, 2, 3])

    assert [a.plain for a in acts] == [True, False, False]
    (cancel,) = acts[2].interferences
    assert (cancel.act, cancel.machine, cancel.when) == ("cancel", "b", Trigger(after=40.0, host="rebooting"))


def test_a_fleet_without_work_cannot_play_the_third_act():
    """Where nothing reboots, nothing can be cancelled during a reboot; the other acts can be played."""
    with pytest.raises(InputError, match="act 3 needs an instance with missing patches"):
        planned(world(), [1, 2, 3])
    assert len(planned(world(), [1, 2])) == 2


def test_a_sentence_says_what_happened():
    """Lost or none, who stays out, who is not well."""
    plain, ours, cancelled = planned(world(missing_patches=1), [1, 2, 3])

    assert "still sent to them: 3 of 100 requests lost, 1 of 1 machines patched" in sentence(night(lost=3.0), plain)
    assert "came back: none of 100 requests lost" in sentence(night(), ours)
    assert "Not well: a failed." in sentence(night("failed"), ours)
    assert "a stays out of rotation until a person puts it back" in sentence(night("cancelled", None), cancelled)


@pytest.mark.parametrize(
    ("numbers", "held", "verdict"),
    [
        ([1], Held.HELD, None),
        ([1, 2], Held.HELD, True),
        ([1, 2], Held.NOT_COVERED, None),
        ([1, 2], Held.NOT_EXERCISED, None),
        ([1, 2], Held.BROKEN, False),
    ],
)
def test_the_verdict_is_over_the_nights_under_contract(numbers, held, verdict):
    """Neither plain patching nor a night in which no machine had its turn proves it; one broken promise breaks it."""
    acts = planned(world(missing_patches=1), numbers)
    nights = [night(held=Held.BROKEN if act.plain else held, title=act.title) for act in acts]
    report = judged("t", nights, acts, (), 40.0)

    assert report.held is verdict
    assert ("Broken: C4 no lost request" in report.words) == (verdict is False)
