"""Types: what a start passes, and what becomes of results."""

import pytest

from albpatch.document.values import WrongType, as_strings, as_text, convert, from_api, has_type


@pytest.mark.parametrize(
    ("value", "type_name", "converted"),
    [
        ("a", "String", "a"),
        (5, "String", "5"),
        (True, "String", "true"),
        (["a"], "String", "a"),
        (["a", "b"], "String", '["a","b"]'),
        ({"a": 1}, "String", '{"a":1}'),
        ([{"a": 1}], "String", '[{"a":1}]'),
        (5, "Integer", 5),
        ("5", "Integer", 5),
        ([5], "Integer", 5),
        (5.0, "Integer", 5),
        (True, "Boolean", True),
        ("True", "Boolean", True),
        ("false", "Boolean", False),
        ("a", "StringList", ["a"]),
        (["a", 1, True], "StringList", ["a", "1", "true"]),
        ([], "StringList", []),
        ({"a": 1}, "StringMap", {"a": 1}),
        ('{"a": 1}', "StringMap", {"a": 1}),
        ([{"a": 1}], "StringMap", {"a": 1}),
        ({"a": 1}, "MapList", [{"a": 1}]),
        ([{"a": 1}, '{"b": 2}'], "MapList", [{"a": 1}, {"b": 2}]),
    ],
)
def test_conversion(value, type_name, converted):
    """A result becomes its declared type: one item for a list of one, text for everything else."""
    assert convert(value, type_name) == converted


@pytest.mark.parametrize(
    ("value", "type_name"),
    [
        ("a", "Integer"),
        (5.5, "Integer"),
        (True, "Integer"),
        (["1", "2"], "Integer"),
        ("inf", "Integer"),
        ("yes", "Boolean"),
        (1, "Boolean"),
        ("a", "StringMap"),
        ([1], "MapList"),
        ("x", "Map"),
    ],
)
def test_no_conversion(value, type_name):
    """Where a conversion makes no sense there is none."""
    with pytest.raises(WrongType):
        convert(value, type_name)


@pytest.mark.parametrize(
    ("type_name", "given", "value"),
    [
        ("String", ["a"], "a"),
        ("Integer", ["-5"], -5),
        ("Boolean", ["false"], False),
        ("StringList", [], []),
        ("StringMap", ['{"a": "b"}'], {"a": "b"}),
        ("MapList", ['{"a": "b"}', "{}"], [{"a": "b"}, {}]),
        ("AWS::EC2::Instance::Id", ["i-1"], "i-1"),
        ("List<AWS::EC2::Instance::Id>", ["i-1", "i-2"], ["i-1", "i-2"]),
    ],
)
def test_a_start_passes_lists_of_texts(type_name, given, value):
    """Each type has its one way of arriving as a list of texts."""
    assert from_api(type_name, given) == value
    assert has_type(value, type_name)


@pytest.mark.parametrize(
    ("type_name", "given"),
    [("String", []), ("String", ["a", "b"]), ("Integer", ["1.5"]), ("Boolean", ["True"]), ("StringMap", ["[]"])],
)
def test_a_start_that_passes_something_else(type_name, given):
    """A value that cannot be its type is refused."""
    with pytest.raises(WrongType):
        from_api(type_name, given)


def test_true_is_no_integer():
    """Python's True is a number, Automation's is not."""
    assert not has_type(True, "Integer")
    assert has_type(True, "Boolean")


def test_values_as_text():
    """Texts stay as they are, everything else is JSON."""
    assert (as_text("a"), as_text(None), as_text({"a": [1]})) == ("a", "null", '{"a":[1]}')
    assert (as_strings("a"), as_strings(["a", 1]), as_strings(False)) == (["a"], ["a", "1"], ["false"])
