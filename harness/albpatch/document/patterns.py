"""allowedPattern: a regular expression of Java's, which must match the whole value.

UG "Data elements and parameters": patterns are validated with the Java regex library. Java's syntax is translated where
it differs and Python has the same thing; what Python has not is an error, never a guess.
"""

from __future__ import annotations

import re
import sys
import unicodedata
import warnings
from functools import lru_cache

_POSIX = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": "\\x00-\\x7F",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": "!-/:-@\\[-`{-~",
    "Graph": "!-~",
    "Print": " -~",
    "Blank": " \\t",
    "Cntrl": "\\x00-\\x1F\\x7F",
    "XDigit": "0-9a-fA-F",
    "Space": " \\t\\n\\x0b\\f\\r",
}


_CLASS_ESCAPE = re.compile(r"(?<!\\)(\\\\)*\\[wWdDsS]$")


class BadPattern(ValueError):
    """Not a regular expression that Java and this module both know."""


class NotKnownHere(BadPattern):
    """A part of Java's syntax that this module cannot translate."""


@lru_cache(maxsize=1024)
def compile_java(pattern: str) -> re.Pattern[str]:
    """The pattern as Python reads it. Raises BadPattern."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of what sets may mean in a later Python
            return re.compile(_translate(pattern), re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        raise BadPattern(str(error)) from None


def is_known(pattern: str) -> bool:
    """Whether values can be judged by the pattern."""
    try:
        compile_java(pattern)
    except NotKnownHere:
        return False
    return True


def matches(pattern: str, value: str) -> bool:
    """Whether the pattern matches the whole value (Matcher.matches)."""
    return compile_java(pattern).fullmatch(value) is not None


def _translate(pattern: str) -> str:
    parts: list[str] = []
    depth = at = 0
    while at < len(pattern):
        if pattern[at] == "\\":
            text, at = _escape(pattern, at, depth > 0)
            parts.append(text)
            continue
        if depth and pattern.startswith("&&", at):
            raise NotKnownHere("an intersection of character classes (&&) is not known here")
        if pattern[at] == "[":
            if depth:
                raise NotKnownHere("a character class inside a character class is not known here")
            depth = 1
            parts.append("[")
            at += 1
            for lead in ("^", "]"):  # a bracket right after the opening one is a character
                if pattern.startswith(lead, at):
                    parts.append("\\]" if lead == "]" else lead)
                    at += 1
            continue
        if depth and pattern[at] == "-" and _CLASS_ESCAPE.search("".join(parts)):
            parts.append("\\-")  # after a class it is no range in Java, and an error in Python
            at += 1
            continue
        if pattern[at] == "]" and depth:
            depth = 0
        if not depth and pattern.startswith("(?<", at) and pattern[at + 3 : at + 4] not in ("=", "!"):
            parts.append("(?P<")
            at += 3
            continue
        parts.append(pattern[at])
        at += 1
    return "".join(parts)


def _escape(pattern: str, at: int, in_class: bool) -> tuple[str, int]:
    following = pattern[at + 1 : at + 2]
    if following == "Q":
        end = pattern.find("\\E", at)
        end = len(pattern) if end < 0 else end
        return re.escape(pattern[at + 2 : end]), min(end + 2, len(pattern))
    if following == "z":
        return "\\Z", at + 2
    if following == "Z":
        return "(?=\\n?\\Z)", at + 2
    if following == "h":
        return (" \\t" if in_class else "[ \\t]"), at + 2
    if following == "k":
        return "(?P=" + pattern[at + 3 : pattern.index(">", at)] + ")", pattern.index(">", at) + 1
    if following in ("p", "P"):
        return _property(pattern, at, following == "P", in_class)
    return pattern[at : at + 2], at + 2


@lru_cache(maxsize=32)
def _category(name: str) -> str | None:
    """The characters of a general category of Unicode ("L", "Nd", "IsLu") as ranges of a character class."""
    wanted = name.removeprefix("Is")
    if not re.fullmatch("[CLMNPSZ][a-z]?", wanted):
        return None
    ranges: list[list[int]] = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)).startswith(wanted):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges) or None


def _property(pattern: str, at: int, negated: bool, in_class: bool) -> tuple[str, int]:
    match = re.compile(r"\\[pP]\{(\w+)\}").match(pattern, at)
    ranges = _POSIX.get(match[1]) or _category(match[1]) if match else None
    if match is None or ranges is None or (negated and in_class):
        raise NotKnownHere(f"the character property {pattern[at : at + 8]!r} is not known here")
    if in_class:
        return ranges, match.end()
    return f"[{'^' if negated else ''}{ranges}]", match.end()
