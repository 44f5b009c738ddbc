"""Writes the parts of README.md and docs/field-notes.md that come from the code; with --check, says what is stale.

A part stands between `<!-- NAME -->` and `<!-- /NAME -->`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import hcl2
import yaml
from hcl2 import SerializationOptions

from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.transport.http import serve
from albpatch.rehearsal.quotas import quotas, split
from albpatch.terraform import Terraform

ROOT = Path(__file__).resolve().parent.parent
FILES = ("README.md", "docs/field-notes.md", "docs/scale.md")
SIZES = ((20, 4), (200, 40), (1_000, 19), (1_000, 100), (5_000, 500))
PLAIN = SerializationOptions(strip_string_quotes=True)


def blocks(file: str, kind: str) -> dict[str, dict[str, Any]]:
    """Name -> members of every block of a kind in a .tf file of the root module."""
    with (ROOT / file).open(encoding="utf-8") as source:
        parsed = hcl2.load(source, serialization_options=PLAIN)
    return {name: dict(members) for block in parsed.get(kind, []) for name, members in block.items()}


def usage() -> str:
    text = (ROOT / "examples/minimal/main.tf").read_text(encoding="utf-8").rstrip("\n")
    return f"```hcl\n{text}\n```"


def inputs() -> str:
    rows = [
        (f"`{name}`", members["description"], "required" if "default" not in members else f"`{_shown(members)}`")
        for name, members in sorted(
            blocks("variables.tf", "variable").items(), key=lambda item: ("default" in item[1], item[0])
        )
    ]
    return table(("Input", "Description", "Default"), rows)


def _shown(members: dict[str, Any]) -> str:
    default = members["default"]
    return str(default).replace("'", '"') if default is not None else "null"


def types() -> str:
    text = (ROOT / "variables.tf").read_text(encoding="utf-8")
    found = re.findall(
        r'^variable "(\w+)" \{.*?^  type\s+= (\S.*?)$(?=\n\n|\n  (?:default|nullable)|\n\})', text, re.M | re.S
    )
    shown = [f"{name} = {expression.replace(chr(10) + '  ', chr(10))}" for name, expression in found]
    return "```hcl\n" + "\n".join(shown) + "\n```"


def outputs() -> str:
    rows = [(f"`{name}`", members["description"]) for name, members in sorted(blocks("outputs.tf", "output").items())]
    return table(("Output", "Description"), rows)


def examples() -> str:
    rows = []
    for readme in sorted((ROOT / "examples").glob("*/README.md")):
        text = readme.read_text(encoding="utf-8").split("\n\n")[1]
        sentence = re.match(r".+?[.](?=\s|$)", " ".join(text.split()))
        rows.append((f"[{readme.parent.name}](examples/{readme.parent.name})", sentence[0] if sentence else ""))
    return table(("Example", "What it shows"), rows)


def creates() -> str:
    """What a first plan of the minimal example creates. Takes ten seconds: Terraform plans against the local region."""
    counted = Counter(
        change["type"] for change in _plan("examples/minimal")["resource_changes"] if change["mode"] == "managed"
    )
    rows = [(f"`{kind}`", str(count)) for kind, count in sorted(counted.items())]
    return table(("Resource", "Number"), [*rows, ("together", str(counted.total()))])


def _plan(example: str) -> dict[str, Any]:
    region = Region(VirtualClock())
    try:
        attach(region)
        vpc = region.backend("ec2", "DescribeVpcs", {})["Vpcs"][0]["VpcId"]
        group = {"Name": "web", "Protocol": "HTTP", "Port": 80, "VpcId": vpc}
        region.backend("elbv2", "CreateTargetGroup", group)
        with Terraform(ROOT / example, endpoint_url=serve(region).url, region=region.name) as terraform:
            terraform.init()
            terraform.plan()
            return terraform.show_plan()
    finally:
        region.close()


def automation() -> str:
    """The rules of the conformance suite on which AWS's documentation leaves something open."""
    rows = [
        (case["rule"], case["open"], f"`{file.stem}`")
        for file in sorted((ROOT / "tests/conformance/cases").glob("*.yaml"))
        for case in yaml.safe_load(file.read_text(encoding="utf-8"))
        if "open" in case
    ]
    return table(("The region's answer", "What is open", "Cases"), rows)


def limits() -> str:
    """AWS's quotas in the order in which a growing fleet meets them."""
    rows = [(quota.name, quota.value, quota.reached_at, quota.beyond) for quota in quotas()]
    return table(("Quota", "Value", "Reached at", "Then"), rows)


def sizes() -> str:
    """How fleets of several sizes are split, without and with adaptive concurrency."""
    rows = []
    for instances, fleets in SIZES:
        for concurrency, adaptive in ((1, False), (1, True), (2, True)):
            found = split(instances, fleets, concurrency, adaptive=adaptive)
            shown = (f"{instances:,} in {fleets}", str(concurrency), "on" if adaptive else "off", str(found.windows))
            length = f"{found.hours:.1f}" if found.fits else f"{found.hours:.1f}, does not fit"
            rows.append((*shown, str(found.rounds), f"{found.at_once:,}", length, found.binds))
    header = ("Instances in fleets", "Of a fleet at a time", "Adaptive concurrency", "Windows", "Turns")
    return table((*header, "At a time", "Hours", "Binds"), rows)


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


PARTS: dict[str, Callable[[], str]] = {
    "usage": usage,
    "inputs": inputs,
    "types": types,
    "outputs": outputs,
    "examples": examples,
    "creates": creates,
    "automation": automation,
    "limits": limits,
    "sizes": sizes,
}


def part(text: str, name: str) -> str | None:
    """What stands between the markers of a part, None where the text does not have it."""
    found = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- /{name} -->", text, re.S)
    return found[1] if found else None


def replace(text: str, name: str, content: str) -> str:
    """The text with another content between the markers of a part; unchanged where it does not have the part."""
    old = part(text, name)
    return text.replace(f"<!-- {name} -->\n{old}\n<!-- /{name} -->", f"<!-- {name} -->\n{content}\n<!-- /{name} -->")


def stale(texts: dict[str, str], names: Iterable[str] = tuple(PARTS)) -> dict[str, str]:
    """The parts that differ from the code, with what they should be. Raises ValueError for a part that is nowhere."""
    found = {name: [old for text in texts.values() if (old := part(text, name)) is not None] for name in names}
    missing = [name for name, olds in found.items() if len(olds) != 1]
    if missing:
        raise ValueError(f"not exactly once in {' and '.join(texts)}: {', '.join(missing)}")
    return {name: new for name in names if [new := PARTS[name]()] != found[name]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 when a part is stale")
    check = parser.parse_args().check
    texts = {file: (ROOT / file).read_text(encoding="utf-8") for file in FILES}
    old = stale(texts)
    if check:
        print(f"stale: {', '.join(old)}; run make docs" if old else "every generated part is fresh")
        return 1 if old else 0
    for name, content in old.items():
        texts = {file: replace(text, name, content) for file, text in texts.items()}
    for file, text in texts.items():
        (ROOT / file).write_text(text, encoding="utf-8")
    print(f"written: {', '.join(old) or 'nothing, every part was fresh'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
