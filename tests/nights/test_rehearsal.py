"""One rehearsal in scaled time: real Terraform, real sockets, real requests."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from albpatch.cli import main

COMPLETE = Path(__file__).resolve().parents[2] / "examples/complete"


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    """The example's scenario with two machines, one to patch and one compliant, and short times."""
    content = yaml.safe_load((COMPLETE / "rehearsal.yaml").read_text(encoding="utf-8"))
    instances = content["exists"]["instances"]
    content["exists"]["instances"] = {n: instances[n] for n in ("web-1", "web-3", "web-4")}
    content["assign"] = {"web-1": "short", "web-3": "compliant", "web-4": "compliant"}
    content["profiles"]["short"] = {"missing_patches": 1, "patch_seconds": 20, "reboot_seconds": 60, "start_seconds": 5}
    path = tmp_path_factory.mktemp("scenario") / "small.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def rehearsed(scenario, tmp_path_factory):
    """Exit status, standard output and report folder of one rehearsal of acts 1 and 2."""
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        said = []
        patch.setattr("sys.stdout", _Kept(said))
        status = main(
            ["rehearse", str(COMPLETE), "--scenario", str(scenario), "--report", str(folder), "--acts", "1,2"]
        )
    return status, "".join(said), folder


class _Kept:
    """A standard output that is no terminal."""

    encoding = "utf-8"

    def __init__(self, said):
        self._said = said

    def write(self, text):
        self._said.append(text)
        return len(text)

    def flush(self):
        """Nothing is held back."""

    def isatty(self):
        return False


def test_the_contract_held_where_plain_patching_lost_requests(rehearsed):
    """The same machine loses requests when it is patched plainly and none in the module's window."""
    status, _, folder = rehearsed
    made = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    plain, ours = made["nights"]

    assert plain["requests"]["lost"] > 0
    assert ours["requests"]["lost"] == 0
    assert min(plain["requests"]["sent"], ours["requests"]["sent"]) > 100
    assert {p["id"]: p["held"] for p in ours["contract"]}["C4"] == "held"
    assert (status, made["contract_held"]) == (0, True)


def test_the_compliant_machines_stay_in_rotation(rehearsed):
    """Only the machine with patches leaves, and it comes back."""
    made = json.loads((rehearsed[2] / "result.json").read_text(encoding="utf-8"))
    machines = {m["name"]: m for m in made["nights"][1]["machines"]}

    assert machines["web-1"]["outcome"] == "patched"
    assert machines["web-1"]["out_to"] > machines["web-1"]["out_from"] + 60
    assert {machines[n]["outcome"] for n in ("web-3", "web-4")} == {"compliant"}
    assert {machines[n]["out_from"] for n in ("web-3", "web-4")} == {None}


def test_the_output_is_plain_lines_without_a_terminal(rehearsed):
    """Banner first, acts in order, verdict and files last, no escape sequences."""
    said = rehearsed[1]

    assert said.startswith("albpatch: rehearsing ")
    assert (
        said.index("terraform apply") < said.index("act 1: Plain patching") < said.index("act 2: The module's window")
    )
    assert "The contract held." in said
    assert "scaled time" in said
    assert said.rstrip().endswith("result.json")
    assert "\x1b" not in said


def test_the_page_is_complete_and_nothing_else_is_left(rehearsed):
    """Both files are whole, and no temporary file lies beside them."""
    folder = rehearsed[2]
    parser = HTMLParser()
    parser.feed((folder / "report.html").read_text(encoding="utf-8"))

    assert sorted(p.name for p in folder.iterdir()) == ["report.html", "result.json"]
    assert (folder / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
