"""JSONPath."""

import pytest

from albpatch.document import selectors

ANSWER = {"A": [{"K": "x", "V": 1}, {"K": "y", "V": 2}], "B": {"c": None, "d-e": 5}, "Empty": []}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.A[0].V", 1),
        ("$.A[1]", {"K": "y", "V": 2}),
        ("$..V", [1, 2]),
        ("$.A..K", ["x", "y"]),
        ("$.A[?(@.K == 'y')].V", [2]),
        ("$.B.c", None),
        ("$.B['d-e']", 5),
        ("$.Empty", []),
        ("$..Nothing", []),
        ("$.A[7].V", selectors.NOTHING),
        ("$.Nothing.at.all", selectors.NOTHING),
    ],
)
def test_selection(path, value):
    """Child, index and filter select; a deep scan always gives a list; nothing is told from null."""
    assert selectors.select(path, ANSWER) == value


@pytest.mark.parametrize("path", ["A.V", "", None, 5, "$.A[", "$.A[?(@.K == ]"])
def test_bad_paths_are_refused(path):
    """A path that is none is refused."""
    with pytest.raises(selectors.BadSelector):
        selectors.check(path)


@pytest.mark.parametrize(("path", "many"), [("$.A[0]", False), ("$..A", True), ("$.A[*]", True), ("$['a..b']", False)])
def test_which_paths_give_lists(path, many):
    """Only deep scans, filters and wildcards can give several values."""
    assert selectors.is_list(path) is many
