"""Findings as a pull request comment: the summary first, details collapsed, and what was cut is said.

A comment on GitHub has at most 65,536 characters. Bytes are counted here, which are never fewer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from albpatch.findings import Block, Finding, Findings, Section, Severity
from albpatch.report.plain import visible

LIMIT = 65_536
MARKER = "<!-- albpatch {verb} -->"  # by which a pipeline finds its earlier comment
_SUMMARY_SHARE = LIMIT // 2
_RESERVE = 400  # for saying what was cut
_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
_LINKS = re.compile(r"(@(?=\w)|(?<!&)#(?=\w)|:(?=//)|www(?=\.))")


def text(found: Findings, limit: int = LIMIT) -> str:
    """The comment, at most `limit` bytes of UTF-8, ending in a newline."""
    summary, listed = _summary(found, min(_SUMMARY_SHARE, limit // 2))
    parts = [*_details(found)]
    used, kept = _size(summary) + _RESERVE, 0
    for part in parts:
        if used + _size(part) > limit:
            break
        used += _size(part)
        kept += 1
    said = _cut(found, listed, len(parts) - kept)
    return summary + "".join(parts[:kept]) + said


def _size(part: str) -> int:
    return len(part.encode())


def _cut(found: Findings, listed: int, parts: int) -> str:
    missing = len(found.findings) - listed
    said = []
    if missing:
        said.append(f"{missing} of {len(found.findings)} findings are not listed")
    if parts:
        said.append(f"{parts} collapsed {'part is' if parts == 1 else 'parts are'} left out")
    return (
        f"\n**Cut to fit into a comment:** {' and '.join(said)}. The JSON and terminal output have all.\n"
        if said
        else ""
    )


def _summary(found: Findings, limit: int) -> tuple[str, int]:
    """The head, and how many findings it lists. Counts are never cut."""
    verdict = found.verdict if found.sections else f"nothing to {found.verb}"
    head = f"{MARKER.format(verb=found.verb)}\n## {found.title}: {verdict}\n\n"
    head += f"{_plain(found.headline[:1].upper() + found.headline[1:])}. Read from {_code(found.subject)}.\n"
    rows, listed = "", 0
    for finding in found.findings:
        row = f"| {finding.severity} | {finding.id} | {_cell(finding.address, 120)} | {_shorten(finding.what, 300)} |\n"
        if _size(head) + _size(rows) + _size(row) > limit:
            break
        rows, listed = rows + row, listed + 1
    if rows:
        head += f"\n| severity | finding | where | what |\n|---|---|---|---|\n{rows}"
    calls = ""
    for section in found.sections:
        line = f"- {_plain(section.title)}: {section.status}{_changes(section)}{_next(section)}\n"
        line += "".join(f"  - {_plain(text)}\n" for text in _fleets(section))
        if _size(head) + _size(calls) + _size(line) > limit + limit // 4:
            break
        calls += line
    return f"{head}\n{calls}" if calls else head, listed


def _changes(section: Section) -> str:
    """How much changes, for the eye that looks for a zero."""
    counts = [(len(block.lines), block.title.lower()) for block in section.blocks if block.title.endswith("changes")]
    shown = [f"{number} {title if number != 1 else title.removesuffix('s')}" for number, title in counts if number]
    return f" ({', '.join(shown)})" if shown else ""


def _next(section: Section) -> str:
    """The next opening of a call, which everybody asks for first."""
    for block in section.blocks:
        for label, value in block.facts:
            if label == "next openings":
                return f", opens next {_plain(value)}"
    return ""


def _fleets(section: Section) -> Iterator[str]:
    """Which instances behind which target groups, a line for each fleet."""
    for block in section.blocks:
        facts = dict(reversed(block.facts))
        if "instances" in facts and "target groups" in facts:
            more = sum(label == "" for label, _ in block.facts)
            behind = facts["target groups"] + (f" and {more} more" if more else "")
            yield f"{block.title}: {facts['instances']}, behind {behind}"


def _details(found: Findings) -> Iterator[str]:
    """Parts that stand alone: a cut between two of them leaves no tag open."""
    for severity in ("error", "warning", "note"):
        for finding in found.findings:
            if finding.severity == severity:
                yield _finding(finding)
    for section in found.sections:
        for block in section.blocks:
            yield from _block(section, block)


def _finding(finding: Finding) -> str:
    lines = [f"**What:** {_shorten(finding.what, 2000)}", f"**Why:** {_plain(finding.why)}"]
    lines.append(f"**What to do:** {_plain(finding.todo)}")
    head = f"{_word(finding.severity)} {finding.id} at {_html(finding.address)}"
    return _collapsed(head, "\n\n".join(lines))


def _word(severity: Severity) -> str:
    return severity.capitalize()


def _block(section: Section, block: Block) -> Iterator[str]:
    """A block in parts of at most 100 lines."""
    lines = [f"| {_plain(label)} | {_plain(value)} |" for label, value in block.facts]
    table = "\n".join(["| | |", "|---|---|", *lines]) if lines else ""
    items = [f"- {_plain(line)}" for line in block.lines]
    for start in range(0, max(1, len(items)), 100):
        body = "\n\n".join(
            part for part in (table if start == 0 else "", "\n".join(items[start : start + 100])) if part
        )
        more = " (more)" if start else ""
        yield _collapsed(f"{_html(section.title)}: {_html(block.title)}{more}", body)


def _collapsed(head: str, body: str) -> str:
    return f"\n<details><summary>{head}</summary>\n\n{body}\n\n</details>\n"


def _plain(value: str) -> str:
    """Text that Markdown leaves alone: no tag, link, mention, reference or formatting."""
    return _quiet(_SPECIAL.sub(r"\\\1", _escaped(value)))


def _html(value: str) -> str:
    return _quiet(_escaped(value))


def _escaped(value: str) -> str:
    return visible(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _quiet(value: str) -> str:
    """GitHub looks for mentions, references and addresses in what is rendered: an empty comment parts them."""
    return _LINKS.sub(r"\1<!-- -->", value)


def _shorten(value: str, length: int) -> str:
    """At most so many characters of the text, and whether there were more."""
    return _plain(value if len(value) <= length else f"{value[:length]}... (cut)")


def _cell(value: str, length: int) -> str:
    return _code(value if len(value) <= length else f"{value[:length]}... (cut)").replace("|", "\\|")


def _code(value: str) -> str:
    """A code span; in a table a pipe needs its backslash even there. Backticks would end it."""
    return f"`{visible(value).replace('`', chr(39))}`"
