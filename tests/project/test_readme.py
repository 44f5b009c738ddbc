"""README.md says what the code says."""

import importlib.util
import re

import pytest


@pytest.fixture(scope="module")
def tool(root):
    """tools/readme.py as a module."""
    spec = importlib.util.spec_from_file_location("readme", root / "tools/readme.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


READ_FROM_FILES = ("usage", "inputs", "types", "outputs", "examples", "automation", "limits", "sizes")


@pytest.fixture(scope="module")
def texts(tool, tree):
    """The files with generated parts."""
    return {file: tree[file] for file in tool.FILES}


def test_generated_parts_are_fresh(tool, texts):
    """Every generated part, counts of a real plan included, is what the code has now; make docs writes them."""
    assert sorted(tool.PARTS) == sorted([*READ_FROM_FILES, "creates"])
    assert tool.stale(texts) == {}


def test_a_stale_part_is_seen(tool, texts):
    """A changed description makes the part of the inputs stale."""
    readme = texts["README.md"].replace("Every name it creates begins with it", "Names begin with it")

    assert list(tool.stale({**texts, "README.md": readme}, READ_FROM_FILES)) == ["inputs"]


def test_a_missing_part_is_an_error(tool):
    """A file that lost its markers is not called fresh."""
    with pytest.raises(ValueError, match="usage"):
        tool.stale({"README.md": "# nothing"}, ["usage"])


def test_a_part_is_replaced_between_its_markers(tool):
    """Writing a part leaves everything around it alone."""
    text = "before\n<!-- usage -->\nold\n<!-- /usage -->\nafter\n"

    assert tool.replace(text, "usage", "new") == text.replace("old", "new")


def test_every_input_has_its_type(tool):
    """The types of all inputs are shown."""
    names = re.findall(r"^(\w+) = ", tool.types(), re.M)

    assert names == sorted(tool.blocks("variables.tf", "variable"))


def test_the_two_commands_exist(tree):
    """The commands that the README names are targets of the Makefile."""
    for command in ("demo", "test"):
        assert f"make {command}" in tree["README.md"]
        assert re.search(rf"^{command}:", tree["Makefile"], re.M)


def test_links_lead_somewhere(root, tree):
    """A relative link in a Markdown file leads to a file or folder of the project."""
    broken = []
    for path, text in tree.items():
        if path.endswith(".md"):
            for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", text):
                if not ((root / path).parent / target).exists():
                    broken.append(f"{path}: {target}")

    assert broken == []
