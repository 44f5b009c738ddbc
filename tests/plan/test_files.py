"""What the files of the module promise to whoever calls it, whatever the plan."""

import re
from pathlib import Path

import hcl2
import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(file.parent for file in (ROOT / "examples").glob("*/main.tf"))
MODULE = sorted([*ROOT.glob("*.tf"), *ROOT.glob("modules/*/*.tf"), *ROOT.glob("runbook/*.tf")])


def blocks(file: Path, kind: str) -> list[str]:
    return re.findall(rf"^{kind}\b.*$", file.read_text(), re.MULTILINE)


@pytest.mark.parametrize("file", MODULE, ids=lambda file: str(file.relative_to(ROOT)))
def test_module_brings_no_provider(file: Path) -> None:
    """A module with a provider block could neither be removed nor called with for_each."""
    assert blocks(file, "provider") == []


@pytest.mark.parametrize("file", MODULE, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_partition_is_written_in(file: Path) -> None:
    """No ARN is built on one partition: the module works in China and in GovCloud. Messages may show an example."""
    lines = [
        line for line in file.read_text().splitlines() if not line.strip().startswith(("error_message", "description"))
    ]

    assert [line for line in lines if re.search(r"\barn:aws:", line)] == []
    assert [line for line in lines if re.search(r"amazonaws\.com\.cn", line)] == []


def test_versions_agree() -> None:
    """Module, parts and examples ask for the same Terraform and the same provider."""
    files = [
        file for file in ROOT.glob("**/versions.tf") if "runbook" not in file.parts and ".terraform" not in file.parts
    ]
    mine = [
        file for file in files if file.parent == ROOT or file.parent.parent in (ROOT / "modules", ROOT / "examples")
    ]

    assert len(mine) == 1 + len(list((ROOT / "modules").iterdir())) + len(EXAMPLES)
    assert len({file.read_text() for file in mine}) == 1


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example_is_complete(example: Path) -> None:
    """An example explains itself, pins its versions and hands the record on."""
    assert {"README.md", "main.tf", "outputs.tf", "versions.tf"} <= {file.name for file in example.iterdir()}
    assert (example / "README.md").read_text().startswith(f"# {example.name}\n")
    assert "module.alb_patching.deployment" in (example / "outputs.tf").read_text()


def test_complete_example_spells_everything_out() -> None:
    """examples/complete sets every variable of the module, so that it shows what there is."""
    variables = {name for block in parsed(ROOT / "variables.tf")["variable"] for name in block}
    (call,) = (block["alb_patching"] for block in parsed(ROOT / "examples/complete/main.tf")["module"])

    assert variables <= set(call)


@pytest.mark.parametrize("file", sorted(ROOT.glob("**/variables.tf")), ids=lambda file: str(file.relative_to(ROOT)))
def test_variables_are_described_typed_and_sorted(file: Path) -> None:
    """Every variable says what it is for and has a type that is not any, in alphabetical order."""
    declared = [(name, body) for block in parsed(file).get("variable", []) for name, body in block.items()]

    assert [name for name, _ in declared] == sorted(name for name, _ in declared)
    for name, body in declared:
        assert body.get("description"), name
        assert "any" not in re.findall(r"\w+", str(body["type"])), name
        if body.get("default") not in (None, "null", "${null}"):
            assert body.get("nullable") is False, name


def parsed(file: Path) -> dict[str, list[dict[str, dict[str, object]]]]:
    with file.open() as stream:
        content: dict[str, list[dict[str, dict[str, object]]]] = hcl2.load(stream)
    return {kind: [{k.strip('"'): v for k, v in b.items()} for b in found] for kind, found in content.items()}
