"""How numbers and times read in every report."""

from __future__ import annotations


def clock_text(seconds: float) -> str:
    """Seconds as m:ss, or h:mm:ss from an hour on."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def moment(seconds: float | None) -> str:
    """A moment of a night, or a dash where it did not come."""
    return "\u2013" if seconds is None else clock_text(seconds)


def count(requests: float) -> str:
    """A number of requests. A computed number keeps one decimal while it is small."""
    if requests == 0 or abs(requests - round(requests)) < 0.05 or requests >= 100:
        return f"{requests:,.0f}"
    return f"{requests:,.1f}"


def many(number: int, what: str) -> str:
    """A number of things: "1 machine", "2 machines"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
