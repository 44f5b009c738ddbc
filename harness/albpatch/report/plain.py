"""Text from a plan as harmless text: names in it are anybody's."""

from __future__ import annotations

import unicodedata


def visible(text: str) -> str:
    """The text with control characters, line breaks and reversals of direction written out, so that none acts."""
    return "".join(_shown(c) if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in text)


def _shown(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
