"""What a large account and a large fleet cost: calls, and nothing that grows with what is not ours."""

from albpatch.rehearsal.side_by_side import BUNDLED, play
from night_fleet import group, scene


def test_calls_do_not_grow_with_the_account(plan):
    """One other target group in the account, or two hundred: the window's roll makes the same calls."""
    calls = []
    for others in (1, 200):
        groups = {"web": group(), **{f"other-{n}": group() for n in range(others)}}
        found = play(plan, scene({"a": "patches", "b": "compliant"}, groups=groups), BUNDLED).figures
        assert found.unpatched == 0
        calls.append(found.calls)

    assert calls[0] == calls[1]


def test_calls_of_an_instance_do_not_grow_with_the_fleet(plan):
    """Eight machines more make at most as many calls and steps each as the first two and the window's sweep do."""
    small, large = (
        play(plan, scene({f"m{n}": "patches" for n in range(number)}), BUNDLED).figures for number in (2, 10)
    )

    assert (large.calls - small.calls) / 8 <= small.calls / 2
    assert (large.steps - small.steps) / 8 <= small.steps / 2
