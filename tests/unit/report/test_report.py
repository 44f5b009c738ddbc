"""The report of a rehearsal as a page, as JSON and in a terminal."""

import dataclasses
import io
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

from albpatch.report.html import page
from albpatch.report.large import MACHINES_SHOWN, longest, worst
from albpatch.report.model import Group, Held, Loss, Machine, Night, Promise, Report, Span, State
from albpatch.report.result import SCHEMA, result, text
from albpatch.report.svg import CLASSES, Axis, night_svg
from albpatch.report.terminal import PlainScreen, Snapshot, screen, summary
from albpatch.report.words import clock_text, count, moment

VOID = {"meta", "br", "hr", "img", "input", "link"}


def night(title="The module's window", lost=0.0, held=Held.HELD):
    """Two machines: one went out and came back, one stayed."""
    spans = (
        Span(0, 30, State.IN_ROTATION),
        Span(30, 62, State.DRAINING, "Detach, AwaitDelay"),
        Span(62, 120, State.REBOOTING, "Install <again> & more"),
        Span(120, 300, State.IN_ROTATION),
    )
    losses = (Loss(70.0, lost, "status 502"),) if lost else ()
    return Night(
        title=title,
        words="One machine at a time.",
        status="SUCCESS",
        seconds=300.0,
        machines=(
            Machine("web-1", "i-1", "patched", "2 patches.", spans, 30.0, 120.0, 100.0, 120.0, lost),
            Machine("web-2", "i-2", "compliant", "", (Span(0, 300, State.IN_ROTATION),)),
        ),
        groups=(Group("web", 2, 1, ((0.0, 2), (30.0, 1), (120.0, 2)), 600.0, lost, losses),),
        promises=(Promise("C4", "no lost request", held, f"{lost:g} of 600 requests lost"),),
        acts=((200.0, "web-1: cancel"),),
    )


@pytest.fixture
def report():
    plain = night("Plain patching", lost=12.5, held=Held.BROKEN)
    return Report("Patch night: <web>", "12 against 0.", True, (plain, night()), (("Factor", "40"),), "Coarse.")


class Reader(HTMLParser):
    """Counts tags and checks that they close in order."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.links += [v for k, v in attrs if k in ("href", "src", "action", "data", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, _attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed(report):
    """Every element closes where it should."""
    reader = Reader()
    reader.feed(page(report))

    assert reader.open == []
    assert reader.seen.count("svg") >= 2


def test_the_page_needs_nothing_from_outside(report):
    """No link, script, font or picture is fetched from anywhere."""
    made = page(report)
    reader = Reader()
    reader.feed(made)

    assert all(link.startswith("#") for link in reader.links)
    assert not re.search(r"https?:|//[a-z]|@import|<script|<link|<img|src=", made)


def test_text_in_the_page_is_text(report):
    """Names and reasons cannot become markup."""
    made = page(report)

    assert "Patch night: &lt;web&gt;" in made
    assert "<again>" not in made
    assert "Install &lt;again&gt; &amp; more" in made


def test_the_first_thing_to_read_is_the_verdict_in_words(report):
    """Title, verdict and sentence come before any picture."""
    made = page(report)

    assert made.index("The contract held") < made.index("12 against 0.") < made.index('class="night"')


def test_every_night_has_its_timeline_on_one_axis(report):
    """Two nights, two pictures; the same second lies at the same place in both."""
    axis = Axis(600)
    first, second = (ET.fromstring(night_svg(n, axis)) for n in report.nights)
    bars = [
        [r.get("x") for r in picture.findall("rect") if r.get("class") == "draining"] for picture in (first, second)
    ]

    assert bars[0] == bars[1] == [f"{axis.x(30):.2f}"]


def test_every_shape_says_what_it_is(report):
    """Each bar and tick has a title with machine, state, time and reason."""
    picture = ET.fromstring(night_svg(report.nights[0], Axis(300)))
    titles = [r.findtext("title") for r in picture.iter("rect")]

    assert "web-1: draining, 0:30 to 1:02 (32 s). Detach, AwaitDelay" in titles
    assert "12.5 lost at 1:10: status 502" in titles
    assert all(titles)


def test_states_differ_by_pattern_and_not_by_colour_alone(report):
    """Every state that a picture can show has a fill of its own in the page's style."""
    made = page(report)
    fills = {name: re.search(rf"svg \.{name} {{ fill: ([^;]+)", made) for name in CLASSES.values()}

    assert all(fills.values())
    assert len({found[1] for found in fills.values()}) == len(State)


def test_a_thousand_lost_requests_are_few_ticks():
    """Requests lost at one place of the axis are one tick with their number."""
    losses = tuple(Loss(50 + n / 1000, 1, "status 502") for n in range(1000))
    group = Group("web", 2, 1, ((0.0, 2),), 2000, 1000, losses)
    made = night_svg(Night("n", "", "", 300, (), (group,)), Axis(300))

    assert made.count('class="lost"') <= 3
    assert "lost at 0:50: status 502" in made


def test_the_result_has_a_schema_and_stable_keys(report):
    """The JSON names its schema; nights, machines, groups and contract keep their keys."""
    made = json.loads(text(report))

    assert made == result(report)
    assert made["schema"] == SCHEMA == "alb-patching/rehearsal/1"
    assert made["contract_held"] is True
    assert set(made["nights"][0]) == {
        *("title", "words", "status", "seconds", "requests", "machines", "target_groups", "contract", "acts", "notes")
    }
    assert made["nights"][0]["requests"] == {"sent": 600, "lost": 12.5}
    machine = made["nights"][1]["machines"][0]
    assert (machine["out_from"], machine["out_to"], machine["out_seconds"]) == (30, 120, 90)
    assert made["nights"][1]["contract"][0]["held"] == "held"
    assert made["nights"][1]["target_groups"][0]["lowest"] == 1


def test_the_summary_in_a_pipeline_is_plain_text(report):
    """Without a terminal there are no escape sequences, and everything promised is said."""
    out = io.StringIO()
    summary(report, out)
    said = out.getvalue()

    assert "\x1b" not in said
    for words in (
        "600 sent, 12.5 lost",
        "lowest capacity 1 of 2 healthy, floor 1",
        "0:30",
        "C4 no lost request",
        "12 against 0.",
    ):
        assert words in said
    assert said.rstrip().endswith("The contract held.")


def test_square_brackets_in_names_are_no_markup():
    """A machine called [red] is printed as such."""
    out = io.StringIO()
    odd = Night("[bold]n[/bold]", "[red]", "", 10, (), (Group("[x]", 1, 1, ((0.0, 1),), 1, 0),))
    summary(Report("t", "[words]", False, (odd,)), out)

    assert "[bold]n[/bold]" in out.getvalue()
    assert "target group [x]" in out.getvalue()
    assert out.getvalue().rstrip().endswith("The contract did not hold.")


def test_progress_without_a_terminal_is_sparse_lines():
    """Plain progress prints what stays at once and the state only now and then."""
    out = io.StringIO()
    plain = screen(out)
    plain.line("first")
    for second in range(50):
        plain.show(Snapshot("act", second, [("web-1", "draining", "Detach")], [("web", 1, 2, 1)], second, 0))
    plain.close()

    assert isinstance(plain, PlainScreen)
    assert out.getvalue().splitlines() == ["first", "    0:00  0 requests, 0 lost; web-1 draining"]


@pytest.mark.parametrize(("seconds", "said"), [(0, "0:00"), (59.6, "1:00"), (605, "10:05"), (3600, "1:00:00")])
def test_times_read_as_clocks(seconds, said):
    """Minutes and seconds, with hours from an hour on."""
    assert clock_text(seconds) == said


def test_numbers_of_requests_are_whole_unless_small_and_computed():
    """A count is whole, a small computed loss keeps one decimal, a dash stands for what did not happen."""
    assert [count(n) for n in (0, 12, 12.5, 0.15, 1234.4)] == ["0", "12", "12.5", "0.1", "1,234"]
    assert moment(None) == "\u2013"


def many_machines(number, **more):
    """A night of so many machines in two groups; the first is not back, the second lost requests."""
    usual = night().machines[0]
    machines = [
        dataclasses.replace(
            usual, name=f"web-{n}", out_to=100.0 + n, lost=0.0, groups=("even" if n % 2 == 0 else "odd",)
        )
        for n in range(number)
    ]
    machines[0] = dataclasses.replace(machines[0], out_to=None)
    machines[1] = dataclasses.replace(machines[1], lost=3.0)
    groups = tuple(dataclasses.replace(night().groups[0], name=name) for name in ("even", "odd"))
    return dataclasses.replace(night(), machines=tuple(machines), groups=groups, **more)


def test_a_large_night_shows_the_worst_first():
    """Who is not back, who lost requests, who was out longest; all others wait in a part that is closed."""
    made = many_machines(100)
    shown = [m.name for m in worst(made).machines]
    html = page(Report("n", "", True, (made,)))
    at_once, closed = html.split("<details>", 1)

    assert shown[:4] == ["web-0", "web-1", "web-99", "web-98"]
    assert len(shown) == MACHINES_SHOWN
    assert "web-50" not in at_once
    assert "web-50" in closed
    assert "Drawn are the 12 machines" in at_once


def test_the_groups_that_took_longest():
    """A group whose machine stayed out comes first, then the one whose last machine was back last."""
    rows = longest(many_machines(100))

    assert [(row.group.name, row.machines, row.done) for row in rows] == [("even", 50, None), ("odd", 50, 199.0)]
    assert longest(many_machines(3))[1].worst_out == pytest.approx(71.0)


def test_a_small_night_is_shown_whole():
    """Forty machines fit on a page; nothing is left to a closed part but the table of stretches."""
    html = page(Report("n", "", True, (many_machines(40),)))

    assert all(f'title="i-1">web-{n}<' in html.split("<details>")[0] for n in range(40))
    assert "Drawn are" not in html


def test_a_night_that_is_many_times_longer_has_an_axis_of_its_own():
    """Beside a night of two days the others would be a dash; the page says that the axes differ."""
    usual, long = night(), dataclasses.replace(night(), seconds=300.0 * 20)
    html = page(Report("n", "", True, (usual, usual, long)))
    wide = re.findall(r'<rect class="draining"[^>]*width="([0-9.]+)"', html)[1:]  # the first is the legend's

    assert html.count("its axis of time is its own") == 1
    assert wide[0] == wide[1] != wide[2]
    assert "axis of time is its own" not in page(Report("n", "", True, (usual, usual)))
