"""The HTML report: one self-contained page, words first, then the nights under each other on one time axis."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
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
MARKS = {Held.HELD: "\u2713", Held.BROKEN: "\u2717", Held.NOT_EXERCISED: "\u00b7", Held.NOT_COVERED: "\u25cb"}


@dataclass(frozen=True)
class View:
    """A night on the page. `shown` is what is drawn at once; `rest` the whole picture, drawn when it is asked for."""

    night: Night
    shown: Night
    picture: str
    rest: str
    groups: list[GroupRow]


def _view(night: Night, axis: Axis) -> View:
    if not is_large(night):
        return View(night, night, night_svg(night, axis), "", [])
    shown = worst(night)
    return View(night, shown, night_svg(shown, axis), night_svg(night, axis), longest(night)[:GROUPS_SHOWN])


def page(report: Report) -> str:
    """The whole page as text. Needs jinja2."""
    axis = Axis(max(night.seconds for night in report.nights))
    views = [_view(night, axis) for night in report.nights]
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
