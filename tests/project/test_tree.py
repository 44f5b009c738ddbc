"""What every file of the project keeps to."""

import re
import tomllib

import pytest

DOCUMENTATION = {
    "awscli.amazonaws.com",
    "docs.aws.amazon.com",
    "developer.hashicorp.com",
    "docs.amazonaws.cn",
    "docs.python.org",
    "docs.pytest.org",
    "github.com",
    "keepachangelog.com",
    "registry.terraform.io",
    "semver.org",
    "www.apache.org",
    "www.w3.org",
}
PINS = ("constraints.txt", "constraints-checkov.txt")


def test_text_files_end_in_one_newline(tree):
    """Every file ends in exactly one newline and has no blank at the end of a line."""
    wrong = [p for p, text in tree.items() if text and (not text.endswith("\n") or text.endswith("\n\n"))]
    wrong += [p for p, text in tree.items() if re.search(r"[ \t]+$", text, re.M)]

    assert wrong == []


def test_no_path_of_one_machine(tree):
    """Nothing names a folder of the machine that it was written on."""
    path = re.compile(r"(?<![\w.~$}-])/(?:work|root|home|Users)/\w+")

    assert [(p, m) for p, text in tree.items() for m in path.findall(text)] == []


def test_addresses_are_documentation_or_placeholders(tree):
    """An address in the project leads to documentation, to AWS's own names, or nowhere at all."""
    allowed = re.compile(
        r"[\w-]+|127\.0\.0\.1|[\w.-]*\{.*|[\w.-]*(\.local|\.amazonaws\.com(\.cn)?|\.test|\.invalid|example\.(com|org|net))|\.\+"
    )
    hosts = {(p, h) for p, text in tree.items() for h in re.findall(r"https?://([^/\s\"'`<>()|\\:,;]+)", text)}

    assert {(p, h) for p, h in hosts if h not in DOCUMENTATION and not allowed.fullmatch(h)} == set()


@pytest.mark.parametrize("name", PINS)
def test_pins_are_names_and_versions(tree, name):
    """Pins say which version, never from where."""
    lines = [line for line in tree[name].splitlines() if not line.startswith("#")]

    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []


def test_every_dependency_is_pinned(tree):
    """Everything that pyproject.toml asks for has a version in constraints.txt."""
    project = tomllib.loads(tree["pyproject.toml"])["project"]
    asked = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    pinned = {line.split("==")[0].lower() for line in tree["constraints.txt"].splitlines()}

    assert [name for name in asked if re.match(r"[\w.-]+", name)[0].lower() not in pinned] == []


def test_every_skip_of_checkov_has_its_reason(tree):
    """A skipped policy says why, on the line that skips it, and no policy is skipped for the whole tree."""
    skips = [
        (p, line) for p, text in tree.items() if p.endswith(".tf") for line in re.findall(r"checkov:skip=.*", text)
    ]

    assert [s for s in skips if not re.fullmatch(r"checkov:skip=CKV2?_AWS_\d+: ?\S+( \S+){3,}", s[1])] == []
    assert "skip-check" not in tree[".checkov.yaml"]


def test_the_changelog_has_an_open_section(tree):
    """Changes are written down when they are made."""
    assert re.search(r"^## \[?Unreleased\]?$", tree["CHANGELOG.md"], re.M)


def test_decisions_are_dated(tree):
    """A decision says when it was taken, what was decided, and why."""
    decisions = {p: text for p, text in tree.items() if re.fullmatch(r"docs/decisions/\d{4}-.*\.md", p)}

    assert decisions
    for path, text in decisions.items():
        assert re.search(r"^Date: \d{4}-\d{2}-\d{2}$", text, re.M), path
        assert "## Why" in text, path


def test_every_variable_and_output_is_described(tree):
    """Variables and outputs of the module, its parts and the examples have a description that ends in a full stop."""
    wrong = []
    for path, text in tree.items():
        if path.endswith(".tf") and not path.startswith("tests/"):
            for kind, name, body in re.findall(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', text, re.M | re.S):
                if not re.search(r'^  description\s+= ".+[.]"$', body, re.M):
                    wrong.append(f"{path}: {kind} {name}")

    assert wrong == []


def test_a_slow_apply_is_where_it_is_looked_for(tree):
    """tools/test leaves slow applies out of its main run and starts them from tests/apply, which holds all of them."""
    marked = [path for path, text in tree.items() if re.search(r"^[^\"'#]*mark\.slow_apply\b", text, re.M)]

    assert marked == [path for path in marked if path.startswith("tests/apply/")] != []
    assert "-m slow_apply -p no:cacheprovider tests/apply >" in tree["tools/test"]


def test_every_example_has_a_readme(root):
    """An example says what it shows."""
    folders = [path for path in (root / "examples").iterdir() if path.is_dir()]

    assert folders
    assert [path.name for path in folders if not (path / "README.md").is_file()] == []


def test_no_provider_block_outside_examples(tree):
    """The caller configures the provider."""
    found = [p for p, text in tree.items() if p.endswith(".tf") and re.search(r"^provider\b", text, re.M)]

    assert [p for p in found if not p.startswith(("examples/", "tests/"))] == []


def test_actions_are_pinned(tree):
    """The workflow runs actions of an exact commit, with the least rights."""
    workflow = tree[".github/workflows/ci.yml"]
    uses = re.findall(r"uses: (\S+)", workflow)

    assert uses
    assert [use for use in uses if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", use)] == []
    assert re.search(r"^permissions:\n  contents: read$", workflow, re.M)
