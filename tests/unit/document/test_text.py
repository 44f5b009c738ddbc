"""JSON and YAML text."""

import pytest

from albpatch.document.text import Unreadable, parse


def test_json_and_yaml_are_told_apart_by_themselves():
    """The same document may come in either format."""
    assert parse('{"a": [1, true]}') == parse("a: [1, true]\n") == {"a": [1, True]}


def test_a_yaml_flow_mapping_is_no_broken_json():
    """A text that begins with a brace may still be YAML."""
    assert parse("{a: 1, b: two}") == {"a": 1, "b": "two"}


def test_a_timestamp_stays_text():
    """aws:sleep takes its Timestamp as text, so YAML must not make a date of it."""
    assert parse("Timestamp: 2020-01-01T01:00:00Z") == {"Timestamp": "2020-01-01T01:00:00Z"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": 1, "a": 2}', "the key 'a' is given twice"),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "the key 'c' is given twice (line 4)"),
        ("a: [1", "not valid YAML"),
        ('{"a": }', "not valid JSON: Expecting value (line 1, column 7)"),
        ("a: !!python/object:os.system x", "not valid YAML"),
        ("\x00", "not valid YAML"),
    ],
)
def test_unreadable_text_is_one_line(text, reason):
    """What cannot be read is said in one line, with its place where there is one."""
    with pytest.raises(Unreadable) as error:
        parse(text)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)
