"""Where the AWS provider comes from: an explicit mirror, a mirror folder on this machine, or the public registry."""

import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from albpatch.errors import InputError

SETTING = "ALBPATCH_PROVIDER_MIRROR"
PROVIDER = Path("registry.terraform.io/hashicorp/aws")
AT_LEAST, BELOW = (5, 60, 0), (7, 0, 0)
INSTALLATION_ROOTS = ("/opt", "/usr/local", "/usr/local/share", "/usr/local/lib", "/usr/share", "/srv", "~")
# A folder of thousands of entries is no installation root; looking through it would cost more than a download.
_MOST_ENTRIES = 500

Version = tuple[int, int, int]


class ProviderError(InputError, ValueError):
    """The mirror that was named explicitly cannot be used. The message is one line."""


@dataclass(frozen=True)
class ProviderSource:
    """A source of the AWS provider.

    mirror: folder with the layout of a Terraform filesystem mirror, or None for the public registry.
    version: newest usable version in the mirror.
    sentence: which source it is and why, to be printed.
    notes: one sentence for each mirror that was found and not used.
    """

    mirror: Path | None
    version: str | None
    sentence: str
    notes: tuple[str, ...] = ()

    def cli_config(self) -> str:
        """The text of a Terraform CLI configuration that installs the provider from here.

        https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
        """
        if self.mirror is None:
            return "# The provider comes from the public registry.\n"
        path = str(self.mirror).replace("\\", "\\\\").replace('"', '\\"')
        return (
            "provider_installation {\n"
            f'  filesystem_mirror {{\n    path    = "{path}"\n    include = ["hashicorp/aws"]\n  }}\n'
            '  direct {\n    exclude = ["hashicorp/aws"]\n  }\n'
            "}\n"
        )


def find(
    explicit: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    home: Path | None = None,
    working_dir: Path | None = None,
    roots: Iterable[str] = INSTALLATION_ROOTS,
) -> ProviderSource:
    """Finds the provider: explicit, else the setting ALBPATCH_PROVIDER_MIRROR, else a mirror here, else the registry.

    Raises ProviderError when the mirror that was named holds no usable version.
    """
    environ = os.environ if environ is None else environ
    home = home or Path.home()
    named = explicit or (Path(environ[SETTING]).expanduser() if environ.get(SETTING) else None)
    if named is not None:
        return _named(named, "the argument" if explicit else SETTING)
    notes: list[str] = []
    for mirror in _candidates(environ, home, working_dir or Path.cwd(), roots):
        versions, refused = _versions(mirror)
        if versions:
            text = _text(versions[-1])
            sentence = f"AWS provider {text} from the mirror folder {mirror}"
            return ProviderSource(mirror, text, sentence, tuple(notes))
        notes.extend(f"the mirror folder {mirror} is not used: {reason}" for reason in refused)
    return ProviderSource(None, None, "AWS provider from the public registry: no mirror folder found", tuple(notes))


def _named(mirror: Path, by: str) -> ProviderSource:
    versions, refused = _versions(mirror)
    if not versions:
        reason = "; ".join(refused) or f"it has no folder {PROVIDER}"
        raise ProviderError(f"the provider mirror {mirror}, named by {by}, cannot be used: {reason}")
    text = _text(versions[-1])
    return ProviderSource(mirror.resolve(), text, f"AWS provider {text} from {mirror}, named by {by}")


def _candidates(environ: Mapping[str, str], home: Path, working_dir: Path, roots: Iterable[str]) -> Iterator[Path]:
    """Mirror folders: first where Terraform itself looks, then by their shape below the usual installation roots."""
    data_home = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    data_dirs = (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    implied = [working_dir / "terraform.d/plugins", home / ".terraform.d/plugins", data_home / "terraform/plugins"]
    implied += [Path(folder) / "terraform/plugins" for folder in data_dirs if folder]
    seen = set()
    for folder in chain(implied, _shaped(home, roots)):
        if folder not in seen and (folder / PROVIDER).is_dir():
            yield folder
        seen.add(folder)


def _shaped(home: Path, roots: Iterable[str]) -> Iterator[Path]:
    for root in roots:
        level = [home if root == "~" else Path(root)]
        for _ in range(3):
            yield from level
            level = [child for folder in level for child in _folders(folder)]


def _folders(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir())[:_MOST_ENTRIES]
        return [entry for entry in entries if not entry.name.startswith(".") and entry.is_dir()]
    except OSError:
        return []


def _versions(mirror: Path) -> tuple[list[Version], list[str]]:
    """The usable versions in a mirror, oldest first, and why the others are not."""
    folder, target = mirror / PROVIDER, _platform()
    found = [
        (_parsed(entry.name), (entry / target).is_dir()) for entry in _listed(folder) if _parsed(entry.name) is not None
    ]
    for entry in _listed(folder):
        packed = re.fullmatch(r"terraform-provider-aws_([^_]+)_(\w+)\.zip", entry.name)
        if packed:
            found.append((_parsed(packed[1]), packed[2] == target))
    usable, refused = [], []
    for version, here in found:
        if version is None or not here:
            refused.append(f"version {_text(version)} is not there for {target}")
        elif not AT_LEAST <= version < BELOW:
            refused.append(f"version {_text(version)} is not >= 5.60, < 7.0")
        else:
            usable.append(version)
    return sorted(usable), refused


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _parsed(text: str) -> Version | None:
    match = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _text(version: Version | None) -> str:
    return ".".join(map(str, version)) if version else "of a pre-release"


def _platform() -> str:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower())
    return f"{platform.system().lower()}_{machine}"
