"""The HTML report: one self-contained page, words first, then the nights under each other on one time axis."""

from __future__ import annotations

from pathlib import Path

from albpatch.report.model import Held, Report, State
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


def page(report: Report) -> str:
    """The whole page as text. Needs jinja2."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(clock=clock_text, count=count, moment=moment)
    axis = Axis(max(night.seconds for night in report.nights))
    pictures = [night_svg(night, axis) for night in report.nights]
    shown = {span.state for night in report.nights for machine in night.machines for span in machine.spans}
    return environment.get_template("page.html.j2").render(
        report=report,
        nights=list(zip(report.nights, pictures, strict=True)),
        legend=[(state, CLASSES[state], words) for state, words in LEGEND if state in shown],
        marks=MARKS,
        best=best_text,
    )
