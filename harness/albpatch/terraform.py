"""Terraform, run on a copy of a configuration, in an environment of its own. The only module that starts Terraform."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from python_terraform import IsFlagged, IsNotFlagged
from python_terraform import Terraform as PythonTerraform

from albpatch import configuration
from albpatch.errors import Failure
from albpatch.process import Child
from albpatch.providers import ProviderSource
from albpatch.providers import find as find_provider

_INSTALL = "Terraform is not on PATH: install 1.9 or newer, see https://developer.hashicorp.com/terraform/install"
_OWN_FILES = "zz_albpatch"
# `terraform plan -detailed-exitcode`: it went well and something would change.
_CHANGES = 2


class TerraformError(Failure):
    """Terraform could not be run or failed. The message names the command and the cause."""

    def __init__(self, command: str, cause: str, output: str = "") -> None:
        super().__init__(f"terraform {command}: {cause}" if command else cause)
        self.command, self.cause, self.output = command, cause, output


@dataclass(frozen=True)
class TestRun:
    """One run of `terraform test`. status: pass, fail, error or skip. diagnostics: as in Terraform's JSON output."""

    __test__ = False

    file: str
    run: str
    status: str
    diagnostics: tuple[dict[str, Any], ...]


class _Commands(PythonTerraform):
    """python-terraform builds the command lines. Its way of running them knows no environment and no interruption and
    lets failures pass, so that part is replaced."""

    def __init__(self, folder: Path, run: Callable[[list[str]], tuple[int, str, str]]) -> None:
        self._run = run
        super().__init__(working_dir=str(folder))

    def cmd(self, cmd: str, *args: str, **options: Any) -> tuple[int, str, str]:
        return self._run(self.generate_cmd_string(cmd, *args, **options))

    def read_state_file(self, file_path: str | None = None) -> None:
        """The state is read through `terraform show`, which knows every version of its format."""


class Terraform:
    """Runs Terraform on a copy of the folder `root` and the local modules it refers to; the copy is gone on exit.

    State, tfvars, lock and working files stay behind; the backend is replaced by a local one. The caller's TF_*
    variables do not reach the run, except tokens. variables and var_files are what the root is given. on_line gets each
    line that Terraform prints.

    With endpoint_url (a local region) the caller's AWS_* variables and files do not reach it either: keys are fake, and
    a configuration that could find its way to an account is refused. region is the provider's default.

    Every method raises TerraformError on failure, and ConfigurationError where the configuration itself is refused. An
    interruption ends the child process before it is passed on.
    """

    def __init__(
        self,
        root: Path,
        *,
        variables: Mapping[str, Any] | None = None,
        var_files: Sequence[Path] = (),
        endpoint_url: str | None = None,
        region: str | None = None,
        provider: ProviderSource | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        if shutil.which("terraform") is None:
            raise TerraformError("", _INSTALL)
        self.provider = provider or find_provider()
        self._endpoint_url, self._region = endpoint_url, region
        # Nothing is lost when a rehearsal's apply is cut short.
        self._child = Child(on_line, grace_seconds=10.0 if endpoint_url is None else 2.0)
        self._temporary = tempfile.TemporaryDirectory(prefix="albpatch-", ignore_cleanup_errors=True)
        try:
            base = Path(self._temporary.name)
            self.folder = configuration.copied(root, base / "configuration")
            self._refuse_ways_out(configuration.folders(self.folder))
            self._write_own_files(base, variables or {}, var_files)
        except BaseException:
            self.close()
            raise
        self._commands = _Commands(self.folder, self._run)

    def __enter__(self) -> "Terraform":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends a running command and removes the copy."""
        self.cancel()
        self._temporary.cleanup()

    def cancel(self) -> None:
        """Ends a running command, from any thread; its caller gets a TerraformError."""
        self._child.cancel()

    def init(self) -> None:
        """`terraform init`: providers from self.provider, modules, a local backend."""
        try:
            self._commands.init(reconfigure=IsNotFlagged, var=None)
        except TerraformError as error:
            if "hashicorp/aws" in error.cause:  # then where it was looked for is half of the answer
                raise TerraformError("init", f"{error.cause} ({self.provider.sentence})", error.output) from error
            raise
        self._refuse_ways_out(configuration.folders(self.folder, installed=True))

    def validate(self) -> None:
        """`terraform validate`."""
        self._commands.cmd("validate", no_color=IsFlagged)

    def fmt(self) -> None:
        """`terraform fmt -check` of the copy and everything below it."""
        self._commands.cmd("fmt", check=IsFlagged, recursive=IsFlagged, list=True)

    def plan(self, *, destroy: bool = False) -> bool:
        """`terraform plan`, kept for show_plan and apply. True when something would change."""
        options = {"destroy": IsFlagged} if destroy else {}
        code, _, _ = self._commands.plan(out=str(self._plan_file), var=None, **options)
        return bool(code == _CHANGES)

    def show_plan(self) -> dict[str, Any]:
        """The kept plan as `terraform show -json` prints it."""
        return self._show(str(self._plan_file))

    def show_state(self) -> dict[str, Any]:
        """The state as `terraform show -json` prints it."""
        return self._show()

    def apply(self) -> None:
        """`terraform apply` without a question: of the kept plan if there is one, which is then used up."""
        kept = self._plan_file.exists()
        try:
            if kept:
                self._commands.cmd("apply", str(self._plan_file), input=False, no_color=IsFlagged)
            else:
                self._commands.apply(skip_plan=True, var=None)
        finally:
            self._plan_file.unlink(missing_ok=True)

    def output(self) -> dict[str, Any]:
        """The root's outputs, name => value."""
        return {name: entry["value"] for name, entry in (self._commands.output() or {}).items()}

    def destroy(self) -> None:
        """`terraform destroy` without a question."""
        # python-terraform would pass -force, which Terraform no longer has.
        self._commands.destroy(force=IsNotFlagged, auto_approve=IsFlagged, var=None)

    def test(self, folder: str = "tests") -> list[TestRun]:
        """`terraform test` of the files in `folder`. Failing runs are returned, not raised: they are what was asked."""
        try:
            _, out, _ = self._commands.cmd("test", test_directory=folder, json=IsFlagged, no_color=IsFlagged)
        except TerraformError as error:
            out = error.output
            if '"type":"test_summary"' not in out:
                raise
        return _test_runs(out)

    @property
    def _plan_file(self) -> Path:
        return Path(self._temporary.name) / "kept.tfplan"

    def _show(self, *arguments: str) -> dict[str, Any]:
        _, out, _ = self._commands.cmd("show", *arguments, json=IsFlagged, no_color=IsFlagged)
        shown: dict[str, Any] = json.loads(out)
        return shown

    def _refuse_ways_out(self, folders: Sequence[Path]) -> None:
        if self._endpoint_url is not None:
            configuration.refuse_ways_out(folders)

    def _write_own_files(self, base: Path, variables: Mapping[str, Any], var_files: Sequence[Path]) -> None:
        (base / "terraform.rc").write_text(self.provider.cli_config())
        backend: dict[str, Any] = {"terraform": {"backend": {"local": {}}}}
        (self.folder / f"{_OWN_FILES}_override.tf.json").write_text(json.dumps(backend))
        for number, file in enumerate(var_files):
            suffix = ".auto.tfvars.json" if file.name.endswith(".json") else ".auto.tfvars"
            try:
                shutil.copyfile(file, self.folder / f"{_OWN_FILES}_{number:03}{suffix}")
            except OSError as error:
                raise configuration.ConfigurationError(f"cannot read {file}: {error.strerror}") from error
        if variables:
            (self.folder / f"{_OWN_FILES}_values.auto.tfvars.json").write_text(json.dumps(dict(variables)))

    def _environment(self) -> dict[str, str]:
        """The caller's, without what would change what Terraform does."""
        dropped = "TF_" if self._endpoint_url is None else ("TF_", "AWS_")
        kept = {n: v for n, v in os.environ.items() if not n.startswith(dropped) or n.startswith("TF_TOKEN_")}
        kept |= {
            "TF_CLI_CONFIG_FILE": str(Path(self._temporary.name) / "terraform.rc"),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
        }
        if self._endpoint_url is not None:
            kept |= {
                "AWS_ENDPOINT_URL": self._endpoint_url,
                "AWS_ACCESS_KEY_ID": "rehearsal",
                "AWS_SECRET_ACCESS_KEY": "rehearsal",
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "AWS_EC2_METADATA_DISABLED": "true",
            }
        if self._region is not None:
            kept |= {"AWS_REGION": self._region, "AWS_DEFAULT_REGION": self._region}
        return kept

    def _run(self, command: list[str]) -> tuple[int, str, str]:
        name = command[1]
        status, out, err = self._child.run(command, self.folder, self._environment())
        if self._child.cancelled:
            raise TerraformError(name, "cancelled", out + err)
        if status != 0 and not (status == _CHANGES and "-detailed-exitcode" in command):
            raise TerraformError(name, _cause(err, out), out + err)
        return status, out, err


def _cause(err: str, out: str) -> str:
    """The error texts without Terraform's frame around them, in one paragraph per error."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", err.strip() or out.strip())
    lines = [line.strip("╷│╵ \t") for line in plain.splitlines()]
    text = re.sub(r"\s+", " ", " ".join(line for line in lines if line))
    first = text.find("Error: ")
    return text[first:] if first >= 0 else text or "failed without a message"


def _test_runs(out: str) -> list[TestRun]:
    messages = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    diagnostics: dict[tuple[str, str], list[dict[str, Any]]] = {}
    runs: dict[tuple[str, str], str] = {}
    for message in messages:
        key = (message.get("@testfile", ""), message.get("@testrun", ""))
        if message["type"] == "diagnostic":
            diagnostics.setdefault(key, []).append(message["diagnostic"])
        elif message["type"] == "test_run" and message["test_run"].get("progress", "complete") == "complete":
            runs[key] = message["test_run"]["status"]
    return [TestRun(*key, status, tuple(diagnostics.get(key, ()))) for key, status in runs.items()]
