"""The machines behind the instances: whether their application serves, whether their SSM Agent answers, their patches.

A host is a small state machine on the region's clock. It knows nothing of load balancers or commands: who is concerned
adds a function to `Hosts.listeners` and is told about every change.
"""

from __future__ import annotations

from collections.abc import Callable

from albpatch.region.clock import Activity
from albpatch.region.core import Region
from albpatch.region.profiles import Profile
from albpatch.region.target_groups import Instances

__all__ = ["Host", "Hosts", "Profile"]

PING_SECONDS = 300.0  # the agent's default: one ping every five minutes (Systems Manager user guide, "SSM Agent")


class Host:
    """One machine. Made by `Hosts.add`."""

    def __init__(self, hosts: Hosts, instance_id: str, profile: Profile) -> None:
        self._hosts, self._region, self._clock = hosts, hosts.region, hosts.region.clock
        self.id, self.profile = instance_id, profile
        self.power = "running"  # running, rebooting, stopped, gone
        self.crashed = False
        self.application_up = True
        self.sick = False
        self.patching = False
        self.patch_run: str | None = None  # who holds the patch lock
        self.stale_lock = False  # a patch run was ended and left its lock
        self.missing, self.pending = profile.missing_patches, profile.pending_reboot
        self.installed, self.failed = profile.installed_patches, 0
        self.agent_up = profile.managed
        self.registered_at = self._clock.time()
        self._agent_since = self._last_ping = self.registered_at
        self._told = ""
        self.boots = 0
        self.up_since = self.registered_at
        self.processes: set[Activity] = set()

    @property
    def state(self) -> str:
        """serving, sick, starting (booted, application not up), rebooting, stopped or gone."""
        if self.power != "running":
            return self.power
        if not self.application_up:
            return "starting"
        return "sick" if self.sick else "serving"

    @property
    def last_ping(self) -> float:
        """When the agent last told that it is there, in seconds since the epoch."""
        if not self.agent_up:
            return self._last_ping
        return self._agent_since + (self._clock.time() - self._agent_since) // PING_SECONDS * PING_SECONDS

    @property
    def ping_status(self) -> str:
        """Online or ConnectionLost. An agent that has just gone away is still shown Online until a ping is missing."""
        fresh = self._clock.time() - self._last_ping < PING_SECONDS
        return "Online" if self.agent_up or (fresh and self.power not in ("stopped", "gone")) else "ConnectionLost"

    def change(self, **values: bool) -> None:
        """Set `application_up`, `sick` or `patching` and tell everybody."""
        with self._clock.lock:
            for name, value in values.items():
                setattr(self, name, value)
            self._hosts.changed(self)

    def reboot(self) -> None:
        """Reboot now: nothing serves, open connections are cut, the agent is away until `agent_seconds` after boot."""
        with self._clock.lock:
            self._go_down("rebooting")
            if self.profile.comes_back:
                self._boot_in(self.profile.reboot_seconds)

    def stop(self) -> None:
        """Stop the instance, as EC2 StopInstances does. Every process on it ends."""
        self._leave("stopped", "StopInstances")

    def terminate(self) -> None:
        """Terminate the instance."""
        self._leave("gone", "TerminateInstances")

    def crash(self) -> None:
        """The machine goes down and stays down, which EC2 does not see. Every process on it ends."""
        with self._clock.lock:
            self.crashed = True
            self._go_down("rebooting")
            for process in list(self.processes):
                self._clock.kill(process)

    def start(self) -> None:
        """Start a stopped instance, or a crashed one anew: it boots as after a reboot."""
        with self._clock.lock:
            if self.power != "stopped" and not self.crashed:
                raise ValueError(f"{self.id} is {self.power}, not stopped")
            self.crashed = False
            self._region.backend("ec2", "StartInstances", {"InstanceIds": [self.id]})
            self._go_down("rebooting")
            self._boot_in(self.profile.reboot_seconds)

    def lose_agent(self) -> None:
        """The SSM Agent ends; the machine itself goes on."""
        with self._clock.lock:
            self._agent_down()

    def _leave(self, power: str, operation: str) -> None:
        with self._clock.lock:
            self._region.backend("ec2", operation, {"InstanceIds": [self.id]})
            self._go_down(power)
            for process in list(self.processes):
                self._clock.kill(process)

    def _go_down(self, power: str) -> None:
        self.power, self.application_up = power, False
        self.boots += 1
        self._agent_down()
        self._hosts.changed(self)

    def _boot_in(self, seconds: float) -> None:
        boot, now, profile = self.boots, self._clock.time(), self.profile
        self._after(now + seconds, boot, self._booted)
        self._after(now + seconds + profile.agent_seconds, boot, self._agent_starts)
        if profile.application_starts:
            up = now + seconds + profile.start_seconds
            self._after(up, boot, lambda: self.change(application_up=True))

    def _after(self, at: float, boot: int, act: Callable[[], None]) -> None:
        """Do it then, unless the machine has gone down again meanwhile."""
        self._clock.call_at(at, lambda: act() if boot == self.boots else None)

    def _booted(self) -> None:
        self.power, self.up_since = "running", self._clock.time()
        self.installed, self.pending = self.installed + self.pending, 0
        self._hosts.changed(self)

    def _agent_starts(self) -> None:
        if not self.profile.managed:
            return
        self.agent_up = True
        self._agent_since = self._clock.time()
        self.tell_ping()
        self._hosts.agent_started(self)

    def _agent_down(self) -> None:
        self._last_ping, self.agent_up = self.last_ping, False
        if self.profile.managed:
            self.tell_ping()
            self._clock.call_at(self._last_ping + PING_SECONDS, self.tell_ping)

    def tell_ping(self) -> None:
        """Journal the agent's ping status if it is another than before."""
        if self.profile.managed and self.ping_status != self._told:
            self._told = self.ping_status
            self._region.journal.add("agent", self.id, state=self._told)


class Hosts:
    """The hosts of a region (a region's part).

    `listeners` hear of every change of a host, `agent_listeners` of every agent that starts.
    """

    def __init__(self, region: Region) -> None:
        self.region = region
        self.listeners: list[Callable[[Host], None]] = []
        self.agent_listeners: list[Callable[[Host], None]] = []
        self._hosts: dict[str, Host] = {}

    def add(self, instance_id: str, profile: Profile | None = None) -> Host:
        """Put a machine behind an instance; it runs unless EC2 says that the instance is stopped."""
        if instance_id in self._hosts:
            raise ValueError(f"{instance_id} has a host already")
        host = self._hosts[instance_id] = Host(self, instance_id, profile or Profile())
        with self.region.clock.lock:
            if self.region.part(Instances).state(instance_id) in ("stopping", "stopped"):
                host.power, host.application_up, host.agent_up = "stopped", False, False
            self.changed(host)
            host.tell_ping()
        return host

    def get(self, instance_id: str) -> Host | None:
        return self._hosts.get(instance_id)

    def __getitem__(self, instance_id: str) -> Host:
        return self._hosts[instance_id]

    def all(self) -> list[Host]:
        """Every host, in the order they were added."""
        return list(self._hosts.values())

    def sicken(self, instance_id: str) -> None:
        """The application goes on answering, but with errors (503)."""
        self._hosts[instance_id].change(sick=True)

    def recover(self, instance_id: str) -> None:
        self._hosts[instance_id].change(sick=False)

    def changed(self, host: Host) -> None:
        self.region.journal.add("host", host.id, state=host.state, patching=host.patching)
        for listen in list(self.listeners):
            listen(host)

    def agent_started(self, host: Host) -> None:
        for listen in list(self.agent_listeners):
            listen(host)
