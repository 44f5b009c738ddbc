"""One night as inline SVG: a row per machine, a row per target group, lost requests as ticks, on a common time axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from albpatch.report.model import Group, Loss, Machine, Night, Span, State
from albpatch.report.words import clock_text, count

WIDTH, LABELS, RIGHT = 760.0, 104.0, 14.0
PLOT = WIDTH - LABELS - RIGHT
ROW, GAP, CAPACITY, TICKS, AXIS = 24.0, 7.0, 46.0, 16.0, 22.0
STEPS = (30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
CLASSES = {state: state.name.lower().replace("_", "-") for state in State}


class Axis:
    """Seconds of a night to places on the page; the same for all nights of a page."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1.0, seconds)
        self.step = next((s for s in STEPS if self.seconds / s <= 8), STEPS[-1])

    def x(self, at: float) -> float:
        return LABELS + PLOT * min(max(at, 0.0), self.seconds) / self.seconds

    def marks(self) -> list[float]:
        return [float(n * self.step) for n in range(math.floor(self.seconds / self.step) + 1)]


def night_svg(night: Night, axis: Axis) -> str:
    """The picture of one night. Every shape carries its words as `<title>`."""
    height = _height(night)
    parts = [_grid(axis, height, night.seconds)]
    y = GAP + _strip(night)
    for machine in night.machines:
        parts.append(_machine(machine, axis, y))
        y += ROW + GAP
    for group in night.groups:
        y += GAP
        parts.append(_group(group, axis, y, night.seconds))
        y += TICKS + CAPACITY + GAP
    parts.append(_acts(night, axis, y))
    return (
        f'<svg class="night" viewBox="0 0 {WIDTH:g} {height:g}" role="img" '
        f'aria-label="{escape(f"Timeline of {night.title}. {night.words}")}">{"".join(parts)}</svg>'
    )


def _height(night: Night) -> float:
    return (
        GAP
        + _strip(night)
        + len(night.machines) * (ROW + GAP)
        + len(night.groups) * (TICKS + CAPACITY + 2 * GAP)
        + AXIS
    )


def _strip(night: Night) -> float:
    """Room above the machines for what somebody did."""
    return 12.0 if night.acts else 0.0


def _grid(axis: Axis, height: float, seconds: float) -> str:
    bottom = height - AXIS
    lines = []
    for mark in axis.marks():
        x = axis.x(mark)
        lines.append(f'<line class="grid" x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{bottom:.1f}"/>')
        lines.append(f'<text class="axis" x="{x:.1f}" y="{height - 6:.1f}">{clock_text(mark)}</text>')
    over = axis.x(seconds)
    if seconds < axis.seconds:
        lines.append(f'<line class="over" x1="{over:.1f}" y1="0" x2="{over:.1f}" y2="{bottom:.1f}"/>')
    return "".join(lines)


def _label(text: str, y: float) -> str:
    shown = text if len(text) <= 15 else f"{text[:14]}\u2026"
    return f'<text class="label" x="{LABELS - 8:g}" y="{y:.1f}">{escape(shown)}<title>{escape(text)}</title></text>'


def _machine(machine: Machine, axis: Axis, y: float) -> str:
    bars = "".join(_span(machine.name, span, axis, y) for span in machine.spans)
    return _label(machine.name, y + ROW / 2 + 4) + bars


def _span(name: str, span: Span, axis: Axis, y: float) -> str:
    left, right = axis.x(span.start), axis.x(span.end)
    words = f"{name}: {span.state}, {clock_text(span.start)} to {clock_text(span.end)} ({span.end - span.start:.0f} s)"
    if span.text:
        words += f". {span.text}"
    return (
        f'<rect class="{CLASSES[span.state]}" x="{left:.2f}" y="{y:.1f}" width="{max(0.6, right - left):.2f}" '
        f'height="{ROW:g}"><title>{escape(words)}</title></rect>'
    )


def _group(group: Group, axis: Axis, y: float, seconds: float) -> str:
    top, bottom = y + TICKS, y + TICKS + CAPACITY
    full = max(group.registered, group.floor, 1, *(n for _, n in group.capacity))

    def level(n: float) -> float:
        return bottom - (CAPACITY - 4) * n / full

    points = [(axis.x(0), bottom)]
    for number, (at, healthy) in enumerate(group.capacity):
        until = group.capacity[number + 1][0] if number + 1 < len(group.capacity) else seconds
        points += [(axis.x(at), level(healthy)), (axis.x(until), level(healthy))]
    points.append((axis.x(seconds), bottom))
    area = " ".join(f"{x:.1f},{v:.1f}" for x, v in points)
    floor = level(group.floor)
    words = f"{group.name}: healthy targets, lowest {group.lowest} of {group.registered}, floor {group.floor}"
    return (
        _label(group.name, top + 14)
        + f'<text class="label small" x="{LABELS - 8:g}" y="{top + 28:.1f}">{group.lowest} of {group.registered} at '
        f"worst</text>"
        + f'<text class="label small" x="{LABELS - 8:g}" y="{y + TICKS - 4:.1f}">lost {count(group.lost)}</text>'
        + f'<polygon class="capacity" points="{area}"><title>{escape(words)}</title></polygon>'
        + f'<line class="floor" x1="{LABELS:g}" y1="{floor:.1f}" x2="{axis.x(seconds):.1f}" y2="{floor:.1f}"/>'
        + f'<text class="floor" x="{LABELS + 4:g}" y="{floor - 3:.1f}">floor {group.floor}</text>'
        + f'<line class="base" x1="{LABELS:g}" y1="{bottom:.1f}" x2="{axis.x(seconds):.1f}" y2="{bottom:.1f}"/>'
        + _ticks(group.losses, axis, y)
    )


def _ticks(losses: Sequence[Loss], axis: Axis, y: float) -> str:
    """Lost requests, gathered where they would lie on each other."""
    places: dict[int, list[Loss]] = {}
    for loss in losses:
        places.setdefault(round(axis.x(loss.at) / 1.5), []).append(loss)
    parts = []
    for gathered in places.values():
        number = sum(loss.requests for loss in gathered)
        height = min(TICKS - 3, 5 + 3 * math.log2(1 + number))
        x = axis.x(gathered[0].at)
        why = "; ".join(dict.fromkeys(loss.text for loss in gathered))
        words = f"{count(number)} lost at {clock_text(gathered[0].at)}: {why}"
        parts.append(
            f'<rect class="lost" x="{x - 0.6:.2f}" y="{y + TICKS - 2 - height:.1f}" width="1.2" '
            f'height="{height:.1f}"><title>{escape(words)}</title></rect>'
        )
    return "".join(parts)


def _acts(night: Night, axis: Axis, bottom: float) -> str:
    """Moments at which somebody stepped in."""
    parts = []
    for at, words in night.acts:
        x = axis.x(at)
        anchor = "end" if x > WIDTH - 160 else "start"
        shift = -4 if anchor == "end" else 4
        parts.append(f'<line class="act" x1="{x:.1f}" y1="2" x2="{x:.1f}" y2="{bottom:.1f}"/>')
        parts.append(f'<text class="act" x="{x + shift:.1f}" y="11" text-anchor="{anchor}">{escape(words)}</text>')
    return "".join(parts)
