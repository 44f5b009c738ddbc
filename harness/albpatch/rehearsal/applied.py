"""A configuration applied by real Terraform to a local region, on what a scenario says exists."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from albpatch.errors import Failure, InputError
from albpatch.region.authorization import install
from albpatch.region.clock import Clock, ScaledClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.event_bus import EventBus
from albpatch.region.services.documents import Documents
from albpatch.region.services.window_definitions import WindowDefinitions
from albpatch.region.transport.http import serve
from albpatch.rehearsal.build import create, region_name
from albpatch.rehearsal.deployment import budgets, records
from albpatch.rehearsal.scenario import Scenario
from albpatch.rehearsal.world import World
from albpatch.terraform import Terraform, TerraformError

Say = Callable[[str], None]


class Applied:
    """The region after `terraform apply`. `regions(clock)` gives it again, with another clock and nothing happened yet.

    Attributes:
        world: what the scenario became, with the budgets of the configuration's fleets.
        window_ids: the windows that the configuration made.
        facts: (name, value) pairs for a report: where the provider came from, the region.
    """

    def __init__(self, root: Path, scenario: Scenario, say: Say) -> None:
        """Raises InputError (the configuration cannot be used) and Failure (Terraform failed)."""
        self._control = Region(ScaledClock(1.0), name=region_name(scenario))
        self.facts: list[tuple[str, str]] = [("Region", f"{region_name(scenario)}, on this machine")]
        try:
            attach(self._control)
            world = create(self._control, scenario)
            state = self._apply(root, say)
            self.window_ids = list(self._control.part(WindowDefinitions).windows)
            if not self.window_ids or not records(state):
                raise InputError(f"{root}: makes no maintenance window of this module")
            self.world = World(scenario, world.groups, world.machines, budgets(state))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Applied:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._control.close()

    def again(self, clock: Clock, *, under_iam: bool) -> Region:
        """A region in which all that was applied stands and the machines run as before."""
        region = Region(clock, name=self._control.name)
        region.backend = self._control.backend
        definitions = region.part(WindowDefinitions)
        definitions.windows = copy.deepcopy(self._control.part(WindowDefinitions).windows)
        region.part(Documents).aws_owned.update(self._control.part(Documents).aws_owned)
        region.backend("ec2", "StartInstances", {"InstanceIds": list(self.world.machines.values())})
        if under_iam:
            install(region)
        region.part(EventBus).start()
        return region

    def _apply(self, root: Path, say: Say) -> dict[str, object]:
        server = serve(self._control)
        try:
            with Terraform(
                root, endpoint_url=server.url, region=self._control.name, on_line=_telling(say)
            ) as terraform:
                say(f"  {terraform.provider.sentence}")
                self.facts.append(("AWS provider", terraform.provider.sentence))
                say("  terraform init")
                terraform.init()
                say("  terraform apply (the AWS provider takes some seconds to start)")
                terraform.apply()
                return terraform.show_state()
        except TerraformError as error:
            if not error.command:
                raise InputError(str(error)) from None
            raise Failure(str(error)) from None
        finally:
            unknown, failures = server.unknown, server.failures
            server.close()
            if unknown:
                raise Failure(
                    f"terraform asked the local region for {', '.join(dict.fromkeys(unknown))}: not known here"
                )
            if failures:
                raise failures[0]


def _telling(say: Say) -> Callable[[str], None]:
    """Of what Terraform prints, the lines that tell progress."""

    def heard(line: str) -> None:
        plain = line.strip()
        if "Creation complete" in plain or plain.startswith("Apply complete"):
            address, made, _ = plain.partition(": Creation complete")
            say(f"    {address} created" if made else f"    {plain}")

    return heard
