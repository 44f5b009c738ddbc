"""Java's regular expressions."""

import pytest

from albpatch.document.patterns import BadPattern, matches


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("[a-z]+", "abc", "abc1"),
        ("^[a-z]+$", "abc", "abc\n"),
        (r"\d{2}", "42", "٤٢"),
        (r"\p{Alpha}+", "Ab", "A1"),
        (r"[\p{Upper}\p{Digit}]+", "A1", "a1"),
        (r"\P{Space}+", "ab", "a b"),
        (r"(?<year>\d+)-\k<year>", "20-20", "20-21"),
        (r"(?<=a)b|ab", "ab", "b"),
        (r"\Qa.b\E", "a.b", "axb"),
        (r"a\z", "a", "a\n"),
        (r"[]a]+", "]a", "b"),
        (r"[^]a]+", "b", "]"),
        ("a*+b", "aab", "aa"),
        ("^(x||null)$", "", "y"),
        (r"a\hb", "a\tb", "a\nb"),
    ],
)
def test_patterns_match_as_in_java(pattern, good, bad):
    """A pattern must match the whole value, with Java's meaning of its characters."""
    assert matches(pattern, good)
    assert not matches(pattern, bad)


@pytest.mark.parametrize("pattern", ["(", "[a-z&&[^b]]", r"\p{IsGreek}", "[a-[b]]", "*a"])
def test_what_is_not_known_is_an_error(pattern):
    """A pattern that this module cannot read is refused, not guessed."""
    with pytest.raises(BadPattern):
        matches(pattern, "x")
