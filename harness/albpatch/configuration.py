"""Terraform configuration as files: the folders of a root, a clean copy of them, and what a rehearsal refuses."""

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from albpatch.errors import InputError

_COMMENT = re.compile(r"#[^\n]*|//[^\n]*|/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
_HEREDOC = re.compile(r"<<-?(\w+)\n.*?^[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE)
_TOKEN = re.compile(f"(?:{_COMMENT.pattern})|(?:{_STRING.pattern})", re.DOTALL)
# Each of them wins over the environment that keeps a rehearsal on this machine.
_WAYS_OUT = ("endpoints", "shared_config_files", "shared_credentials_files")
_LEFT_BEHIND = (
    "*.tfstate",
    "*.tfstate.*",
    "*.tfvars",
    "*.tfvars.json",
    "*.tfplan",
    "__pycache__",
    "node_modules",
    ".*",
)


class ConfigurationError(InputError, ValueError):
    """The configuration cannot be used. The message is one line and names the file."""


def copied(root: Path, target: Path) -> Path:
    """Copies a root and the local modules it refers to, keeping how they lie to each other. Returns the root's copy.

    Left behind: state, tfvars, plans, lock file, everything hidden.
    Raises ConfigurationError when root holds no configuration or a module is missing.
    """
    root = root.resolve()
    if not root.is_dir():
        raise ConfigurationError(f"{root} is not a folder")
    if not _files(root):
        raise ConfigurationError(f"{root} holds no Terraform configuration (*.tf)")
    needed = folders(root)
    base = Path(os.path.commonpath(needed))
    ignore = shutil.ignore_patterns(*_LEFT_BEHIND)
    for folder in sorted(needed, key=lambda folder: len(folder.parts)):
        destination = target / folder.relative_to(base)
        if not destination.exists():  # else it came with a folder around it
            shutil.copytree(folder, destination, ignore=ignore, ignore_dangling_symlinks=True)
    return target / root.relative_to(base)


def folders(root: Path, *, installed: bool = False) -> list[Path]:
    """The root and every local module it refers to; with installed, also what `terraform init` fetched."""
    root = root.resolve()
    found = [root]
    for folder in found:
        for source in _local_sources(folder):
            module = (folder / source).resolve()
            if not module.is_dir():
                raise ConfigurationError(f"{folder} refers to a module in {source}, which is not a folder")
            if module not in found:
                found.append(module)
    manifest = root / ".terraform/modules/modules.json"
    if installed and manifest.exists():
        fetched = [(root / entry["Dir"]).resolve() for entry in json.loads(manifest.read_text())["Modules"]]
        found += [folder for folder in fetched if folder not in found]
    return found


def refuse_ways_out(scanned: Sequence[Path]) -> None:
    """Raises ConfigurationError when a provider block in one of the folders could lead a rehearsal to an account.

    An endpoints block wins over AWS_ENDPOINT_URL, and shared files may hold both keys and endpoints (the AWS
    provider's guide "Custom Service Endpoint Configuration").
    """
    for folder in scanned:
        for file in _files(folder):
            for name in _provider_members(file):
                if name in _WAYS_OUT:
                    raise ConfigurationError(
                        f"{file.name} in {folder.name} sets {name} in a provider block, which wins over the local"
                        " region: take it out to rehearse"
                    )


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.name.endswith((".tf", ".tf.json")) and file.is_file())


def _local_sources(folder: Path) -> list[str]:
    found: list[str] = []
    for file in _files(folder):
        if file.name.endswith(".json"):
            found += [str(module.get("source", "")) for module in _blocks(_json(file).get("module"))]
        else:
            text = _TOKEN.sub(lambda match: match[0] if match[0].startswith('"') else " ", _plain_heredocs(file))
            found += re.findall(r'\bsource\s*=\s*"([^"]*)"', text)
    return [source for source in found if source.startswith(("./", "../")) or source in (".", "..")]


def _provider_members(file: Path) -> Iterator[str]:
    """The names of arguments and blocks in the provider blocks of a file."""
    if file.name.endswith(".json"):
        for block in _blocks(_json(file).get("provider")):
            yield from block
            yield from (name for dynamic in _dicts(block.get("dynamic")) for name in dynamic)
        return
    # Strings are blanked, except that the label of a dynamic block is a name.
    text = _TOKEN.sub(lambda match: match[0] if re.fullmatch(r'"\w+"', match[0]) else " ", _plain_heredocs(file))
    for opening in re.finditer(r'\bprovider\s+(?:"\w+"|\w+)\s*\{', text):
        body = text[opening.end() : _closing(text, opening.end())]
        yield from re.findall(r'(?:^|[\s{])"?(\w+)"?\s*(?=[={])', body)


def _plain_heredocs(file: Path) -> str:
    try:
        return _HEREDOC.sub('""', file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {file}: {error}") from error


def _closing(text: str, position: int) -> int:
    depth = 1
    while position < len(text) and depth:
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        position += 1
    return position


def _json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot read {file}: {error}") from error
    return content if isinstance(content, dict) else {}


def _blocks(labelled: Any) -> Iterator[dict[str, Any]]:
    """Blocks with one label in Terraform's JSON syntax, which allows one object or a list of them at each level."""
    for labels in _dicts(labelled):
        for body in labels.values():
            yield from _dicts(body)


def _dicts(value: Any) -> Iterable[dict[str, Any]]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]
