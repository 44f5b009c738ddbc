"""What the workers of one run share, so that Terraform plans each configuration once."""

import pytest

from made_once import made_once


@pytest.fixture
def worker(tmp_path, monkeypatch):
    """The factory that one worker has: its own folder below the run's."""
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")

    class Factory:
        def __init__(self, name):
            self._own = tmp_path / name
            self._own.mkdir(exist_ok=True)

        def getbasetemp(self):
            return self._own

    return Factory


def test_it_is_made_once_for_all_workers(worker):
    """The second worker gets what the first one made, and each a copy of its own."""
    made = []

    def make():
        made.append("again")
        return {"plan": [1]}

    first, second = (made_once(worker(name), "a", make) for name in ("gw0", "gw1"))
    first["plan"].append(2)

    assert (made, second, made_once(worker("gw0"), "a", make)) == (["again"], {"plan": [1]}, {"plan": [1]})
    assert made_once(worker("gw1"), "b", lambda: "other") == "other"


def test_what_failed_is_tried_again(worker):
    """A worker whose Terraform failed leaves nothing that another one would take for a plan."""

    def broken():
        raise RuntimeError("no plan")

    with pytest.raises(RuntimeError, match="no plan"):
        made_once(worker("gw0"), "a", broken)
    assert made_once(worker("gw1"), "a", lambda: 1) == 1


def test_runs_share_nothing(worker, tmp_path, monkeypatch):
    """Without workers the folder is the run's own."""
    made_once(worker("gw0"), "a", lambda: 1)
    monkeypatch.delenv("PYTEST_XDIST_WORKER")

    assert made_once(worker("gw1"), "a", lambda: 2) == 2
    assert (tmp_path / "gw1/a.json").read_text() == "2"
