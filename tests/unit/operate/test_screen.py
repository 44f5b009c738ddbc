"""Progress: a line for each change in a pipeline, a table in a terminal."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from albpatch.operate import screen
from albpatch.operate.rolls import Roll, Turn
from albpatch.operate.show import span
from albpatch.operate.watch import Frame, Line

START = datetime(2026, 1, 4, 3, tzinfo=UTC)


def frame(word="at work", why="Install", targets=(("web:80", "draining"),), seconds=90, note="", halted=""):
    turn = Turn("i-1\x1b[2J", "web", None, word, why)
    waiting = Turn("i-2", "web", None, "waiting", "")
    roll = Roll("1", "window", START, (), (turn, waiting), word == "at work", halted)
    lines = (Line(turn, "INSTALLING", targets), Line(waiting, "", (("web:80", "healthy"),)))
    return Frame(START + timedelta(seconds=seconds), roll, lines, (("web", 3, 4),), note)


def test_plain_lines_are_changes(capsys):
    """The same picture again says nothing; what changed is said with the time; control characters do not act."""
    shown = screen.screen()
    shown.show(frame())
    shown.show(frame(seconds=100))
    shown.show(frame(why="AwaitHostIdle", seconds=110))
    shown.close()

    assert capsys.readouterr().out.splitlines() == [
        "03:01:30  i-1\\x1b[2J  at work: Install [INSTALLING]; web:80 draining",
        "03:01:30  i-2  waiting; web:80 healthy",
        "03:01:30  target group web  3 of 4 healthy",
        "03:01:50  i-1\\x1b[2J  at work: AwaitHostIdle [INSTALLING]; web:80 draining",
    ]


def test_a_terminal_gets_a_table(monkeypatch):
    """Steps and target states side by side, with progress; the last picture stays."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    out = Terminal()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "140")
    shown = screen.screen()
    shown.show(frame(note="AWS throttles", halted="NOT_HEALTHY"))
    shown.close()
    text = out.getvalue()

    for words in ("under way", "0 of 2", "1:30", "halted: NOT_HEALTHY", "Install", "INSTALLING", "web:80 draining"):
        assert words in text
    assert "3 of 4 healthy" in text and "AWS throttles" in text
    assert "\x1b[2Ji-1" not in text and "i-1\\x1b[2J" in text


def test_many_registrations_are_counted():
    """Fifty target groups do not fill the screen."""
    line = Line(Turn("i-1", "web", None, "at work", ""), "", tuple((f"g{n}:80", "out") for n in range(5)))

    assert screen._targets(line) == "g0:80 out, g1:80 out, g2:80 out and 2 more"


@pytest.mark.parametrize(
    ("seconds", "words"), [(-3, "0 min 00 s"), (61, "1 min 01 s"), (3700, "1 h 01 min"), (90000, "1 d 1 h")]
)
def test_how_long(seconds, words):
    """As people say it."""
    assert span(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(("part", "whole", "full"), [(0, 0, 0), (0, 4, 0), (1, 4, 5), (4, 4, 20)])
def test_the_bar(part, whole, full):
    """Never longer than its twenty cells, and empty for an empty roll."""
    assert screen.bar(part, whole) == "\u2588" * full + "\u2591" * (20 - full)
