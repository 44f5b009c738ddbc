"""Nights side by side as a table in a terminal."""

from __future__ import annotations

from typing import Any

from albpatch.report.model import Cell, Comparison, Row


def best_text(row: Row) -> str:
    """Who is best in a row; nothing to tell where all are equal."""
    return "all equal" if len(row.best) == len(row.cells) else ", ".join(row.best)


def figures_table(comparison: Comparison) -> Any:
    """The figures, a column for each night."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("")
    for title in comparison.columns:
        table.add_column(title, justify="right")
    table.add_column("best")
    for row in comparison.rows:
        shown = [_cell(cell, title in row.best) for cell, title in zip(row.cells, comparison.columns, strict=True)]
        table.add_row(row.name, *shown, Text(best_text(row)))
    return table


def contract_table(comparison: Comparison) -> Any:
    """What each night says of each promise."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("contract")
    for title in comparison.columns:
        table.add_column(title)
    for promise, held in comparison.contract:
        table.add_row(promise, *held)
    return table


def _cell(cell: Cell, is_best: bool) -> Any:
    from rich.text import Text

    text = Text(cell.text, style="bold" if is_best else "")
    if cell.modelled:
        text.append("*", style="dim")
    return text
