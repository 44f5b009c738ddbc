"""Where the AWS provider comes from, in which order, and what is said about it."""

from pathlib import Path

import pytest

from albpatch import providers
from albpatch.providers import ProviderError, ProviderSource, find


def mirror(folder: Path, *versions: str, target: str | None = None) -> Path:
    """A filesystem mirror with unpacked versions of the provider."""
    for version in versions:
        (folder / providers.PROVIDER / version / (target or providers._platform())).mkdir(parents=True)
    return folder


class Machine:
    """An imaginary machine: its home, its working folder and one installation root."""

    def __init__(self, folder: Path) -> None:
        self.home, self.work, self.root = folder / "home", folder / "work", folder / "root"
        for part in (self.home, self.work, self.root):
            part.mkdir()

    def find(self, explicit: Path | None = None, **environ: str) -> ProviderSource:
        environ.setdefault("XDG_DATA_DIRS", str(self.home / "none"))
        return find(explicit, environ=environ, home=self.home, working_dir=self.work, roots=[str(self.root), "~"])


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_registry_is_the_last_resort(machine: Machine) -> None:
    """Without any mirror the public registry is named, and the configuration installs nothing from a folder."""
    source = machine.find()

    assert source.mirror is None
    assert "public registry" in source.sentence
    assert "provider_installation" not in source.cli_config()


@pytest.mark.parametrize("place", [".", "one", "one/two"])
def test_mirror_is_found_by_its_shape(machine: Machine, place: str) -> None:
    """A mirror directly in an installation root or up to two folders below is found, whatever its name."""
    folder = mirror((machine.root / place).resolve(), "5.100.0")

    assert machine.find().mirror == folder


def test_search_is_bounded(machine: Machine) -> None:
    """Three folders below a root nobody looks."""
    mirror(machine.root / "one/two/three", "5.100.0")

    assert machine.find().mirror is None


def test_hidden_folders_are_not_searched(machine: Machine) -> None:
    """What hides in a home is not an installation."""
    mirror(machine.home / ".cache", "5.100.0")

    assert machine.find().mirror is None


@pytest.mark.parametrize(
    "place", ["work/terraform.d/plugins", "home/.terraform.d/plugins", "home/.local/share/terraform/plugins"]
)
def test_terraforms_own_places_come_first(machine: Machine, tmp_path: Path, place: str) -> None:
    """Terraform's implied mirrors win over what is found by shape."""
    mirror(machine.root, "5.100.0")
    folder = mirror(tmp_path / place, "5.99.0")

    assert machine.find().mirror == folder


def test_xdg_folders_are_searched(machine: Machine, tmp_path: Path) -> None:
    """The XDG variables move Terraform's places, and the search with them."""
    folder = mirror(tmp_path / "xdg/terraform/plugins", "5.99.0")

    assert machine.find(XDG_DATA_HOME=str(tmp_path / "xdg")).mirror == folder
    assert machine.find(XDG_DATA_DIRS=f"/nowhere:{tmp_path / 'xdg'}").mirror == folder


def test_setting_wins_over_the_search_and_argument_over_the_setting(machine: Machine, tmp_path: Path) -> None:
    """The order is argument, environment, search; the sentence names which."""
    mirror(machine.root, "5.100.0")
    by_setting, by_argument = mirror(tmp_path / "setting", "5.90.0"), mirror(tmp_path / "argument", "5.80.0")
    setting = {providers.SETTING: str(by_setting)}

    assert (machine.find(**setting).mirror, machine.find(**setting).version) == (by_setting, "5.90.0")
    assert providers.SETTING in machine.find(**setting).sentence
    assert machine.find(by_argument, **setting).mirror == by_argument


@pytest.mark.parametrize(
    ("versions", "target", "reason"),
    [
        ((), None, "has no folder"),
        (("5.59.0",), None, "5.59.0 is not >= 5.60"),
        (("7.0.0",), None, "7.0.0 is not >= 5.60, < 7.0"),
        (("5.100.0",), "plan9_mips", "5.100.0 is not there for"),
    ],
)
def test_named_mirror_must_be_usable(
    machine: Machine, tmp_path: Path, versions: tuple[str, ...], target: str | None, reason: str
) -> None:
    """A mirror that somebody named and that holds no usable version is an error, never silently replaced."""
    folder = mirror(tmp_path / "named", *versions, target=target)
    with pytest.raises(ProviderError, match=reason) as caught:
        machine.find(folder)

    assert "\n" not in str(caught.value)


def test_unusable_mirror_found_by_search_is_noted(machine: Machine) -> None:
    """A mirror with other versions is passed over with a note that says why."""
    mirror(machine.root / "old", "4.67.0")
    source = machine.find()

    assert source.mirror is None
    assert len(source.notes) == 1
    assert "4.67.0" in source.notes[0]


def test_newest_usable_version_is_reported(machine: Machine) -> None:
    """Versions are compared as numbers, and those out of range do not count."""
    mirror(machine.root, "5.60.0", "5.100.0", "5.99.1", "7.1.0")

    assert machine.find().version == "5.100.0"


def test_packed_mirror_counts(machine: Machine) -> None:
    """A mirror of archives, as `terraform providers mirror` writes it, is as good as an unpacked one."""
    folder = machine.root / providers.PROVIDER
    folder.mkdir(parents=True)
    (folder / f"terraform-provider-aws_6.1.0_{providers._platform()}.zip").write_text("")
    (folder / "index.json").write_text("{}")

    assert machine.find().version == "6.1.0"


def test_configuration_takes_the_provider_from_the_mirror_alone(tmp_path: Path) -> None:
    """The AWS provider comes from the mirror and never from the network; every other provider the other way round."""
    text = ProviderSource(tmp_path / 'a "b"', "5.100.0", "").cli_config()

    assert f'path    = "{tmp_path}/a \\"b\\""' in text
    assert 'include = ["hashicorp/aws"]' in text
    assert 'exclude = ["hashicorp/aws"]' in text
