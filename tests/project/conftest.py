"""The project's own files."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_SKIPPED = {"__pycache__", "report", "build", "dist"}
_HIDDEN_BUT_OURS = {".ci", ".github", ".checkov.yaml", ".editorconfig", ".gitignore", ".importlinter"}


def _ours(path: Path) -> bool:
    return all(part in _HIDDEN_BUT_OURS or (not part.startswith(".") and part not in _SKIPPED) for part in path.parts)


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def tree():
    """Path below the root -> text, for every text file of the project."""
    files = (path for path in sorted(ROOT.rglob("*")) if path.is_file() and _ours(path.relative_to(ROOT)))
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in files}


@pytest.fixture(scope="session")
def python(tree):
    """The project's Python files."""
    return {path: text for path, text in tree.items() if path.endswith(".py")}
