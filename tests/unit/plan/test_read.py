"""Reading plans: unknown and sensitive values, moves, and files that are no plans."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albpatch.plan.read import SENSITIVE, UNKNOWN, PlanError, known, masked, parse, read
from unit.plan.plans import Made, plan


@pytest.mark.parametrize(
    ("value", "unknown", "sensitive", "expected"),
    [
        ("x", False, False, "x"),
        (None, True, False, UNKNOWN),
        ("x", False, True, SENSITIVE),
        (None, True, True, SENSITIVE),
        ({"a": 1}, {"b": True}, {}, {"a": 1, "b": UNKNOWN}),
        ({"a": 1}, {"b": False, "c": {}}, {}, {"a": 1}),
        ({}, {"a": {"b": True}}, {}, {"a": {"b": UNKNOWN}}),
        (None, {"a": {}}, {}, None),
        ([None, 2], [True, False], [], [UNKNOWN, 2]),
        ([], [{"a": True}], [], [{"a": UNKNOWN}]),
        ([{"a": "x"}], [{}], [{"a": True}], [{"a": SENSITIVE}]),
        ({"a": ["x"]}, {}, {"a": True}, {"a": SENSITIVE}),
        (0, False, {}, 0),
        (False, {}, {}, False),
        (None, False, False, None),
    ],
)
def test_marks_lie_over_values(value, unknown, sensitive, expected):
    """What is unknown or sensitive is marked leaf by leaf, and nothing else is touched."""
    assert masked(value, unknown, sensitive) == expected


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text("secret-0123456789", min_size=1, max_size=12))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=10,
)


@given(VALUES, VALUES)
def test_nothing_sensitive_is_left(value, unknown):
    """A value that is sensitive as a whole leaves nothing of itself, whatever else is marked."""
    assert masked(value, unknown, True) is SENSITIVE
    assert masked({"a": value}, unknown, {"a": True}).get("a") is SENSITIVE if unknown is not True else True


def test_known_looks_into_everything():
    """A value is known when every leaf of it is."""
    assert known({"a": [1, None, "x"]})
    assert not known({"a": [1, {"b": UNKNOWN}]})
    assert not known([SENSITIVE])


def test_both_sides_of_a_plan():
    """A created resource stands after, a destroyed one before, a changed one on both sides."""
    before = Made().add("aws_x.old", a=1).add("aws_x.both", a=1)
    after = Made().add("aws_x.new", a=1).add("aws_x.both", a=2)
    found = parse(plan(after, before))

    assert set(found.before.resources) == {"aws_x.old", "aws_x.both"}
    assert set(found.after.resources) == {"aws_x.new", "aws_x.both"}
    assert found.after.resources["aws_x.both"].values == {"a": 2}
    assert found.change("aws_x.old").removes
    assert found.change("aws_x.absent").nothing


def test_a_moved_resource_is_one():
    """A resource that moved and is replaced stands under its new address on both sides."""
    content = plan(Made().add("aws_x.new", a=1), Made().add("aws_x.new", a=1), {"aws_x.new": ["delete", "create"]})
    content["resource_changes"][0]["previous_address"] = "aws_x.old"
    content["resource_changes"][0]["change"]["replace_paths"] = [["name"], ["name"], ["tags", "a"]]
    change = parse(content).change("aws_x.new")

    assert (change.replaces, change.replaced_by) == (True, ("name", "tags"))


def test_deposed_objects_are_no_resources():
    """What is left of an earlier replacement is not mistaken for the resource itself."""
    content = plan(Made().add("aws_x.a", a=1), Made().add("aws_x.a", a=1))
    content["resource_changes"].append(
        {
            **content["resource_changes"][0],
            "deposed": "0123",
            "change": {"actions": ["delete"], "before": {}, "after": None},
        }
    )

    assert parse(content).change("aws_x.a").nothing


def test_data_sources_stand_on_both_sides():
    """What a data source has found is known before and after, its sensitive values left out."""
    content = plan(Made())
    content["prior_state"]["values"]["root_module"] = {
        "child_modules": [
            {
                "address": "module.m",
                "resources": [
                    {
                        "address": "module.m.data.aws_x.a",
                        "mode": "data",
                        "type": "aws_x",
                        "name": "a",
                        "values": {"id": "1", "key": "hush"},
                        "sensitive_values": {"key": True},
                    }
                ],
            }
        ]
    }
    found = parse(content).after.resources["module.m.data.aws_x.a"]

    assert found.values == {"id": "1", "key": SENSITIVE}
    assert (found.module, found.managed) == ("module.m", False)


BAD = [
    ("", "is not JSON"),
    ("{", "is not JSON"),
    ('{"format_version": "1.2", "resource_chan', "is not JSON"),
    ("[" * 100_000, "nested too deeply"),
    ("[]", "this is no plan"),
    ("{}", "this is no plan"),
    ('"plan"', "this is no plan"),
    ('{"format_version": "1.0", "values": {}}', "this is a state"),
    ('{"resource_changes": []}', "plan format without a version"),
    ('{"format_version": "2.0", "resource_changes": []}', "plan format 2.0"),
    ('{"format_version": "1.2", "resource_changes": [], "errored": true}', "ended with an error"),
    ('{"format_version": "1.2", "resource_changes": [{}]}', "damaged"),
    ('{"format_version": "1.2", "resource_changes": "x"}', "damaged"),
    ('{"format_version": "1.2", "resource_changes": 1}', "damaged"),
    ('{"format_version": "1.2", "resource_changes": [], "prior_state": {"values": {"root_module": [1]}}}', "damaged"),
]


@pytest.mark.parametrize(("text", "says"), BAD, ids=lambda v: v[:40])
def test_what_is_no_plan_is_said_in_one_line(tmp_path, text, says):
    """A file that is no plan is one line with the file's name and what is wrong."""
    file = tmp_path / "plan.json"
    file.write_text(text)

    with pytest.raises(PlanError) as refused:
        read(file)
    assert says in str(refused.value)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path):
    """A missing file, a folder and binary content are bad input too."""
    (tmp_path / "binary").write_bytes(b"PK\x03\x04\xff\xfe")

    for name in ("absent.json", ".", "binary"):
        with pytest.raises(PlanError):
            read(tmp_path / name)


def test_a_plan_without_changes_is_a_plan(tmp_path):
    """An empty configuration plans nothing, and that is no mistake."""
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({"format_version": "1.2", "planned_values": {"root_module": {}}}))

    assert read(file).after.resources == {}
