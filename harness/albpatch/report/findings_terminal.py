"""Findings in a terminal: the words first, then what is wrong, the verdict last."""

from __future__ import annotations

import sys
from typing import TextIO

from albpatch.findings import Block, Finding, Findings, Severity
from albpatch.report.plain import visible

_STYLES: dict[Severity, str] = {"error": "bold red", "warning": "yellow", "note": "cyan"}
_WIDTH = 110


def show(found: Findings, out: TextIO | None = None) -> None:
    """Print everything."""
    from rich.console import Console
    from rich.text import Text

    out = sys.stdout if out is None else out
    console = Console(file=out, width=None if out.isatty() else _WIDTH, highlight=False, markup=False, emoji=False)
    console.print(Text(visible(found.headline), style="bold"))
    for section in found.sections:
        console.print()
        console.print(Text(f"{visible(section.title)}: {section.status}", style="bold underline"))
        for block in section.blocks:
            _block(console, block)
    for finding in found.findings:
        console.print()
        _finding(console, finding)
    if found.sections:
        console.print()
        worst = next((f.severity for f in found.findings), None)
        console.print(Text(found.verdict, style=_STYLES[worst] if worst else "bold green"))


def _block(console: object, block: Block) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    assert isinstance(console, Console)
    console.print(Padding(Text(visible(block.title), style="bold"), (1, 0, 0, 2)))
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column()
    for label, text in block.facts:
        table.add_row(Text(visible(label)), Text(visible(text)))
    if block.facts:
        console.print(Padding(table, (0, 0, 0, 4)))
    for line in block.lines:
        console.print(Padding(Text(visible(line)), (0, 0, 0, 4)))


def _finding(console: object, finding: Finding) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    assert isinstance(console, Console)
    head = Text.assemble((finding.severity, _STYLES[finding.severity]), f" {finding.id}  {visible(finding.address)}")
    console.print(head)
    for line in (finding.what, finding.why, finding.todo):
        console.print(Padding(Text(visible(line)), (0, 0, 0, 4)))
