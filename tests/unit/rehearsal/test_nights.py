"""What a night changes of the process that plays it."""

import gc

import pytest

from albpatch.rehearsal import nights
from albpatch.rehearsal.generate import Size, scenario


def test_garbage_is_looked_for_as_before_when_a_night_is_over(monkeypatch):
    """Seldom while it is played, and as its caller had it afterwards, also when the night ends in an error."""
    before, during = gc.get_threshold(), []

    def attached(*_args, **_options):
        during.append(gc.get_threshold())
        raise LookupError

    monkeypatch.setattr(nights, "attach", attached)
    with pytest.raises(LookupError):
        nights.night({}, scenario(Size(2, 1, 1)))

    assert during == [nights.SELDOM]
    assert gc.get_threshold() == before != nights.SELDOM
