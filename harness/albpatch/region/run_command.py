"""Run Command: commands, their delivery to the agent, their time-outs and their end.

Sources: "Understanding command statuses" and "Rebooting managed node from scripts" in the Systems Manager user guide,
and the API's SendCommand. A command goes on through a reboot that its own document asks for.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any, Protocol

from albpatch.region.clock import Activity
from albpatch.region.core import Region
from albpatch.region.hosts import Host, Hosts
from albpatch.region.patch_baseline import HostLost

DELIVERY_SECONDS = 1.0
ENDED = ("Success", "Cancelled", "TimedOut", "Failed")


class Run(Protocol):
    """What a command's document does on a host. `operation` is the document's parameter of that name, or ""."""

    @property
    def document(self) -> str: ...

    @property
    def operation(self) -> str: ...

    @property
    def plugins(self) -> tuple[str, ...]: ...

    @property
    def platforms(self) -> tuple[str, ...]: ...

    @property
    def step_timeout(self) -> float: ...

    def on(self, region: Region, host: Host, command_id: str) -> tuple[int, str]:
        """Run it, from an activity. Returns exit status and output. Raises HostLost when nothing goes on there."""


@dataclass(eq=False)
class Invocation:
    """A command on one instance. Times in seconds since the epoch."""

    command: Command
    instance_id: str
    status: str = "Pending"
    details: str = "Pending"
    begun: float | None = None
    ended: float | None = None
    exit_status: int | None = None
    output: str = ""
    process: Activity | None = None
    delivering: bool = False

    @property
    def over(self) -> bool:
        return self.status in ENDED


@dataclass(eq=False)
class Command:
    """What one SendCommand asked for; `request` keeps every member of it."""

    id: str
    request: dict[str, Any]
    run: Run
    requested: float
    delivery_timeout: float
    concurrency: int
    max_errors: int
    invocations: list[Invocation] = field(default_factory=list)

    @property
    def expires(self) -> float:
        return self.requested + self.delivery_timeout + self.run.step_timeout

    @property
    def errors(self) -> int:
        """Invocations that count against MaxErrors: a failure or execution time-out, not a delivery time-out."""
        return sum(i.details in ("Failed", "ExecutionTimedOut") for i in self.invocations)

    @property
    def status(self) -> tuple[str, str]:
        """Status and StatusDetails of the command as a whole."""
        if not all(i.over for i in self.invocations):
            state = "Cancelling" if any(i.status == "Cancelling" for i in self.invocations) else "InProgress"
            return state, state
        for status in ("Failed", "TimedOut", "Cancelled"):
            for invocation in self.invocations:
                if invocation.status == status:
                    return status, invocation.details
        return "Success", "Success"


class RunCommand:
    """All commands of a region (a region's part), oldest first."""

    def __init__(self, region: Region) -> None:
        self._region, self._clock, self._hosts = region, region.clock, region.part(Hosts)
        self.commands: dict[str, Command] = {}
        self.of_instance: dict[str, list[Invocation]] = {}
        self._waiting: dict[str, list[Invocation]] = {}
        self._hosts.agent_listeners.append(self._agent_started)

    def send(
        self,
        request: dict[str, Any],
        run: Run,
        hosts: list[Host],
        delivery_timeout: float,
        concurrency: int,
        max_errors: int,
    ) -> Command:
        """Start the document on the hosts, `concurrency` at a time; no further one after more than `max_errors`."""
        command_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"command {len(self.commands)}"))
        command = Command(command_id, request, run, self._clock.time(), delivery_timeout, concurrency, max_errors)
        command.invocations = [Invocation(command, host.id) for host in hosts]
        self.commands[command_id] = command
        for invocation in command.invocations:
            self.of_instance.setdefault(invocation.instance_id, []).append(invocation)
            self._journal(invocation)
        self._dispatch(command)
        return command

    def cancel(self, command: Command, instance_ids: list[str]) -> None:
        """Cancel what has not ended. A process that runs goes on unless its host's profile says otherwise."""
        for invocation in command.invocations:
            if invocation.over or (instance_ids and invocation.instance_id not in instance_ids):
                continue
            if invocation.process is None:
                self._end(invocation, "Cancelled", "Cancelled")
            else:
                self._set(invocation, "Cancelling", "Cancelling")
                self._stop_process(invocation, "Cancelled", "Cancelled")

    def _dispatch(self, command: Command) -> None:
        """Send the next invocations as far as rate control allows."""
        if command.errors > command.max_errors:
            for invocation in [i for i in command.invocations if not i.delivering and not i.over]:
                self._set(invocation, "Cancelled", "Terminated")
            return
        busy = sum(i.delivering and not i.over for i in command.invocations)
        for invocation in [i for i in command.invocations if not i.delivering and not i.over]:
            if busy >= command.concurrency:
                return
            busy += 1
            self._deliver(invocation)

    def _deliver(self, invocation: Invocation) -> None:
        command = invocation.command
        invocation.delivering = True
        self._clock.call_at(self._clock.time() + command.delivery_timeout, lambda: self._not_delivered(invocation))
        if self._hosts[invocation.instance_id].agent_up:
            self._start(invocation, DELIVERY_SECONDS)
        else:
            self._waiting.setdefault(invocation.instance_id, []).append(invocation)

    def _start(self, invocation: Invocation, after: float = 0.0) -> None:
        name = f"{invocation.command.run.document} on {invocation.instance_id}"
        self._clock.spawn(name, self._process, invocation, self._hosts[invocation.instance_id], after=after)

    def _agent_started(self, host: Host) -> None:
        for invocation in self._waiting.pop(host.id, []):
            self._start(invocation)

    def _not_delivered(self, invocation: Invocation) -> None:
        if invocation.process is None and not invocation.over:
            self._end(invocation, "TimedOut", "DeliveryTimedOut")

    def _overdue(self, invocation: Invocation) -> None:
        """The execution time-out has passed. Without its agent the service waits for the command's whole time-out."""
        if invocation.over:
            return
        if not self._hosts[invocation.instance_id].agent_up and self._clock.time() < invocation.command.expires:
            self._clock.call_at(invocation.command.expires, lambda: self._overdue(invocation))
            return
        self._stop_process(invocation, "TimedOut", "ExecutionTimedOut")
        if not invocation.over:
            self._end(invocation, "TimedOut", "ExecutionTimedOut")

    def _stop_process(self, invocation: Invocation, status: str, details: str) -> None:
        host = self._hosts[invocation.instance_id]
        if host.profile.cancel_stops_process and invocation.process is not None:
            self._end(invocation, status, details)
            self._clock.kill(invocation.process)

    def _process(self, invocation: Invocation, host: Host) -> None:
        """The document's process on the host: an activity that belongs to nobody but the host."""
        me = self._clock.current()
        me.labels.clear()
        if not self._arrive(invocation, host, me):
            return
        try:
            exit_status, output = invocation.command.run.on(self._region, host, invocation.command.id)
        except HostLost:
            return
        finally:
            host.processes.discard(me)
        with self._clock.lock:
            if invocation.over or not host.agent_up:  # nobody is there who could report it
                return
            invocation.exit_status, invocation.output = exit_status, output
            if invocation.status == "Cancelling":
                self._end(invocation, "Cancelled", "Cancelled")
            else:
                status = "Success" if exit_status == 0 else "Failed"
                self._end(invocation, status, status)

    def _arrive(self, invocation: Invocation, host: Host, process: Activity) -> bool:
        with self._clock.lock:
            if invocation.over:
                return False
            if not host.agent_up:  # it went away before the command arrived
                self._waiting.setdefault(host.id, []).append(invocation)
                return False
            invocation.process, invocation.begun = process, self._clock.time()
            host.processes.add(process)
            self._set(invocation, "InProgress", "InProgress")
            self._clock.call_at(
                invocation.begun + invocation.command.run.step_timeout, lambda: self._overdue(invocation)
            )
            return True

    def _end(self, invocation: Invocation, status: str, details: str) -> None:
        invocation.ended = self._clock.time()
        self._set(invocation, status, details)
        self._dispatch(invocation.command)

    def _set(self, invocation: Invocation, status: str, details: str) -> None:
        invocation.status, invocation.details = status, details
        self._journal(invocation)

    def _journal(self, invocation: Invocation) -> None:
        command = invocation.command
        self._region.journal.add(
            "command",
            command.id,
            instance=invocation.instance_id,
            document=command.request["DocumentName"],
            status=invocation.status,
            details=invocation.details,
            operation=command.run.operation,
        )
