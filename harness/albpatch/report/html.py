"""The HTML report: one self-contained page, words first, then the nights under each other on one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low
from typing import Any

from albpatch.report.large import GROUPS_SHOWN, GroupRow, is_large, longest, worst
from albpatch.report.matrix import Matrix
from albpatch.report.model import Held, Night, Report, State
from albpatch.report.side_by_side import best_text
from albpatch.report.svg import CLASSES, Axis, night_svg
from albpatch.report.words import clock_text, count, moment

LEGEND = (
    (State.IN_ROTATION, "receives requests"),
    (State.DRAINING, "deregistered, finishing its requests"),
    (State.OUT, "not registered"),
    (State.PATCHING, "patch command running, out of rotation"),
    (State.REBOOTING, "nobody is sent to it"),
    (State.STARTING, "booted, application not up"),
    (State.CHECKING, "registered or up, not yet healthy"),
    (State.DOWN_IN_ROTATION, "requests fail"),
)
MUCH_LONGER = 5.0
MARKS = {Held.HELD: "\u2713", Held.BROKEN: "\u2717", Held.NOT_EXERCISED: "\u00b7", Held.NOT_COVERED: "\u25cb"}


@dataclass(frozen=True)
class View:
    """A night on the page. `shown` is what is drawn at once; `rest` the whole picture, drawn when it is asked for.

    `own_axis`: it is so much longer than the others that it does not share their axis of time.
    """

    night: Night
    shown: Night
    picture: str
    rest: str
    groups: list[GroupRow]
    own_axis: bool


def _axes(nights: Sequence[Night]) -> list[tuple[Axis, bool]]:
    """The axis of each night: one for all, but for a night that is many times longer than the usual one."""
    usual = median_low(night.seconds for night in nights)
    common = Axis(max(night.seconds for night in nights if night.seconds <= MUCH_LONGER * usual))
    return [(common, False) if n.seconds <= MUCH_LONGER * usual else (Axis(n.seconds), True) for n in nights]


def _view(night: Night, chosen: tuple[Axis, bool]) -> View:
    axis, own = chosen
    if not is_large(night):
        return View(night, night, night_svg(night, axis), "", [], own)
    shown = worst(night)
    return View(night, shown, night_svg(shown, axis), night_svg(night, axis), longest(night)[:GROUPS_SHOWN], own)


def page(report: Report) -> str:
    """The whole page as text. Needs jinja2."""
    views = [_view(night, axis) for night, axis in zip(report.nights, _axes(report.nights), strict=True)]
    shown = {span.state for night in report.nights for machine in night.machines for span in machine.spans}
    return template("page.html.j2").render(
        report=report,
        views=views,
        legend=[(state, CLASSES[state], words) for state, words in LEGEND if state in shown],
        marks=MARKS,
        best=best_text,
    )


def faults_page(matrix: Matrix) -> str:
    """The page of a run of the fault matrix. Needs jinja2."""
    return template("faults.html.j2").render(matrix=matrix)


def template(name: str) -> Any:
    """A template of this folder. Needs jinja2."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(clock=clock_text, count=count, moment=moment)
    return environment.get_template(name)
