"""docs/scenario.md says what the reader of scenarios takes, member by member."""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
import yaml

from albpatch.errors import InputError
from albpatch.region.profiles import Profile
from albpatch.rehearsal.reader import Place
from albpatch.rehearsal.scenario import Scenario, parse
from local_account import ROOT

TEXT = (ROOT / "docs/scenario.md").read_text(encoding="utf-8")
EXAMPLE = yaml.safe_load(re.findall(r"<!-- example -->\n```yaml\n(.*?)```", TEXT, re.S)[0])
WRONG: tuple[Any, ...] = ("?", 7.5, [1], -1)
THE_FILE = "The file"


def rows() -> list[tuple[str, str, str, str]]:
    """(section, member, takes, default) of every row; a section is a path with NAME and [] in it."""
    found, section = [], ""
    for line in TEXT.splitlines():
        if line.startswith("#"):
            section = line.lstrip("# ")
        elif row := re.match(r"\| `(\w+)` \| (.+?) \| (.+?) \|", line):
            found.append(("" if section == THE_FILE else section, *row.groups()))
    return found


ROWS = rows()
IDS = [f"{section}.{member}" for section, member, _, _ in ROWS]


def places(content: Any, section: str) -> list[dict[str, Any]]:
    """The mappings of a scenario that a section is about."""
    found = [content]
    for part in re.findall(r"[^.\[\]]+|\[\]", section):
        if part == "NAME":
            found = [value for one in found for value in one.values()]
        elif part == "[]":
            found = [value for one in found for value in one]
        else:
            found = [one[part] for one in found if part in one]
    return found


def changed(section: str, member: str, **value: Any) -> list[dict[str, Any]]:
    """The example without this member, or with another value of it, in each place that has it in turn."""
    count = len([place for place in places(EXAMPLE, section) if member in place])
    made = []
    for number in range(count):
        content = copy.deepcopy(EXAMPLE)
        place = [place for place in places(content, section) if member in place][number]
        del place[member]
        place |= {member: value["value"]} if value else {}
        made.append(content)
    return made


def outcome(content: Any) -> Any:
    """The scenario with its profiles as machines have them, or what the reader says against it."""
    try:
        made = parse(content)
    except InputError as error:
        return str(error)
    return replace(made, profiles={name: Profile.from_mapping(given) for name, given in made.profiles.items()})


def complaint(content: Any) -> str:
    """What a value must be, in the words of the reader; nothing if it is taken."""
    found = outcome(content)
    if isinstance(found, Scenario):
        return ""
    return re.split(", not |, for example ", re.split(" must be | is not ", found)[-1])[0]


def test_the_example_is_read():
    """The example of the page is a scenario, and has every member that the page names."""
    assert isinstance(outcome(EXAMPLE), Scenario)
    assert [(s, m) for s, m, _, _ in ROWS if not any(m in place for place in places(EXAMPLE, s))] == []


def test_the_page_names_what_the_reader_knows(monkeypatch):
    """Every member that the reader looks for has a row in its section, and no row is made up."""
    known = defaultdict(set)
    mapping = Place.mapping

    def listening(place: Place, *names: str, required: tuple[str, ...] = ()) -> Place:
        if names:
            at = next(s for s in {row[0] for row in ROWS} if any(place.value is one for one in places(content, s)))
            known[at] |= set(names)
        return mapping(place, *names, required=required)

    content = copy.deepcopy(EXAMPLE)
    monkeypatch.setattr(Place, "mapping", listening)
    parse(content)
    known["profiles.NAME"] = set(Profile.__dataclass_fields__)
    named = defaultdict(set)
    for section, member, _, _ in ROWS:
        named[section].add(member)

    assert named == known


@pytest.mark.parametrize(("section", "member", "takes", "default"), ROWS, ids=IDS)
def test_a_row_says_what_the_reader_says(section, member, takes, default):
    """Another value is refused in the words of the row; without the member the scenario is that of its default."""
    for content in changed(section, member):
        without = outcome(content)
        if default == "required":
            assert isinstance(without, str) and without.endswith(f"{member} is missing")
        elif default == "none":
            assert isinstance(without, Scenario)
    if default.startswith("`"):
        given = changed(section, member, value=yaml.safe_load(default.strip("`")))
        assert outcome(changed(section, member)[0]) == outcome(given[0])
    assert takes in {complaint(changed(section, member, value=value)[0]) for value in WRONG}


def test_the_page_is_found():
    """The README leads to it."""
    assert "docs/scenario.md" in (ROOT / "README.md").read_text(encoding="utf-8")
