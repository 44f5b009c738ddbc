"""What the Command document AWS-RunPatchBaseline does on a host, and what Patch Manager knows afterwards.

Source: Systems Manager user guide, "SSM Command document for patching: AWS-RunPatchBaseline".
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any

from albpatch.region.clock import Killed
from albpatch.region.core import Region
from albpatch.region.hosts import Host, Hosts
from albpatch.region.operations import AwsError, NotKnownHere
from albpatch.region.target_groups import Instances

NAME = "AWS-RunPatchBaseline"
PLUGINS = ("PatchWindows", "PatchMacOS", "PatchLinux")
LOCK_HELD, PATCHES_FAILED = 4, 1  # exit statuses
LOCK_SECONDS = 2.0
STALE_LOCK_SECONDS = 300.0  # ten looks, 30 s apart, before the document breaks a lock whose owner has gone
_GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_LIST = r"(https://.+|s3://[^/]+/.+)?"
_PATTERNS = {
    "Operation": "Scan|Install",
    "AssociationId": f"({_GUID})?",
    "SnapshotId": f"({_GUID})?",
    "InstallOverrideList": _LIST,
    "RebootOption": "RebootIfNeeded|NoReboot",
    "BaselineOverride": _LIST,
    "StepTimeoutSeconds": "[1-9][0-9]{0,4}",
}
_DEFAULTS = {"RebootOption": "RebootIfNeeded", "StepTimeoutSeconds": "10800", "SnapshotId": ""}
MAX_STEP_TIMEOUT = 36_000


class HostLost(Exception):
    """The machine went down and does not come back: nothing on it goes on."""


@dataclass(frozen=True)
class Run:
    """One run of the document on one host."""

    operation: str
    reboot_option: str
    snapshot_id: str
    step_timeout: float
    document: str = NAME
    plugins: tuple[str, ...] = PLUGINS
    platforms: tuple[str, ...] = ("Linux", "Windows", "MacOS")

    def on(self, region: Region, host: Host, command_id: str) -> tuple[int, str]:
        """Run it, from an activity. Returns exit status and output. Raises HostLost when the host stays away."""
        status = region.part(PatchManager).run(host, command_id, self)
        return status, f"{self.operation} on {host.id} ended with exit status {status}"


def parameters(given: dict[str, list[str]]) -> Run:
    """Check the document's parameters as SendCommand does. Raises AwsError InvalidParameters."""
    unknown = sorted(set(given) - set(_PATTERNS))
    if unknown:
        raise AwsError("InvalidParameters", f"{NAME} has no parameter {', '.join(unknown)}")
    values = dict(_DEFAULTS)
    for name, value in given.items():
        if len(value) != 1:
            raise AwsError("InvalidParameters", f"{name}: one value expected, {len(value)} given")
        if re.fullmatch(_PATTERNS[name], value[0]) is None:
            raise AwsError("InvalidParameters", f"{name}: {value[0]!r} does not match {_PATTERNS[name]}")
        values[name] = value[0]
    if "Operation" not in values:
        raise AwsError("InvalidParameters", "Operation: a value is required")
    if int(values["StepTimeoutSeconds"]) > MAX_STEP_TIMEOUT:
        raise AwsError("InvalidParameters", f"StepTimeoutSeconds: more than {MAX_STEP_TIMEOUT}")
    if values.get("InstallOverrideList"):
        raise NotKnownHere(f"{NAME} InstallOverrideList")
    timeout = float(values["StepTimeoutSeconds"])
    return Run(values["Operation"], values["RebootOption"], values["SnapshotId"], timeout)


@dataclass(frozen=True)
class PatchReport:
    """What one run found and did. It can be read from `shown_from` on."""

    shown_from: float
    state: dict[str, Any]


class PatchManager:
    """The patch state of every instance (a region's part). Each run overwrites the one before."""

    def __init__(self, region: Region) -> None:
        self._region, self._clock = region, region.clock
        self._reports: dict[str, list[PatchReport]] = {}
        self._last_no_reboot: dict[str, float] = {}

    def state(self, instance_id: str) -> dict[str, Any] | None:
        """The newest report that can be read by now, or None when the instance was never scanned."""
        now = self._clock.time()
        shown = [r for r in self._reports.get(instance_id, []) if r.shown_from <= now]
        if not shown:
            return None
        self._reports[instance_id] = self._reports[instance_id][len(shown) - 1 :]
        return shown[-1].state

    def run(self, host: Host, command_id: str, run: Run) -> int:
        """Run the document on the host, reboot included; from an activity. Returns the exit status.

        Raises HostLost when the machine does not come back.
        """
        if host.profile.patch_lock_held or host.patch_run is not None:
            self._clock.sleep(LOCK_SECONDS)
            return LOCK_HELD
        host.patch_run = command_id
        started = self._clock.time()
        try:
            if host.stale_lock:
                self._clock.sleep(STALE_LOCK_SECONDS)
                host.stale_lock = False
            if run.operation == "Scan":
                self._clock.sleep(host.profile.scan_seconds)
                status = 0
            else:
                status = self._install(host, run)
        except Killed:
            host.stale_lock = True  # the lock file survives the process and even a reboot
            raise
        finally:
            host.patch_run = None
        with self._clock.lock:
            self._report(host, run, started)
        return status

    def _install(self, host: Host, run: Run) -> int:
        profile, wanted = host.profile, host.missing
        host.failed = 0
        if wanted:
            self._packages(host)
        else:
            self._clock.sleep(profile.scan_seconds)
        if wanted and profile.install_fails:
            host.failed = wanted
            return PATCHES_FAILED
        host.pending, host.missing = host.pending + wanted, 0
        if host.pending == 0:
            return 0
        if run.reboot_option == "NoReboot":
            self._last_no_reboot[host.id] = self._clock.time()
            return 0
        back = self._clock.event()
        listen = self._region.part(Hosts).agent_listeners
        tell = _tell(host, back.set)
        listen.append(tell)
        try:
            host.reboot()  # exit status 194 or 3010: the agent reboots and the same command goes on afterwards
            if not profile.comes_back:
                raise HostLost(host.id)
            back.wait()
        finally:
            listen.remove(tell)
        self._clock.sleep(profile.scan_seconds)
        return 0

    def _packages(self, host: Host) -> None:
        serves = host.profile.stops_serving_while_patching
        host.change(patching=True, **({"application_up": False} if serves else {}))
        try:
            self._clock.sleep(host.profile.patch_seconds)
        finally:
            host.change(patching=False, **({"application_up": True} if serves and host.power == "running" else {}))

    def _report(self, host: Host, run: Run, started: float) -> None:
        now = self._clock.time()
        instance = self._region.part(Instances).get(host.id)
        tags = instance.tags if instance is not None else {}
        state: dict[str, Any] = {
            "InstanceId": host.id,
            "PatchGroup": tags.get("Patch Group") or tags.get("PatchGroup") or "",
            "BaselineId": "pb-00000000000000001",
            "SnapshotId": run.snapshot_id or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{host.id} {started}")),
            "InstalledCount": host.installed,
            "InstalledOtherCount": 0,
            "InstalledPendingRebootCount": host.pending,
            "InstalledRejectedCount": 0,
            "MissingCount": host.missing if run.operation == "Scan" else 0,  # an Install lists Failed, never Missing
            "FailedCount": host.failed if run.operation == "Install" else 0,
            "UnreportedNotApplicableCount": 0,
            "NotApplicableCount": 0,
            "CriticalNonCompliantCount": 0,
            "SecurityNonCompliantCount": host.missing + host.pending,
            "OtherNonCompliantCount": 0,
            "OperationStartTime": started,
            "OperationEndTime": now,
            "Operation": run.operation,
            "RebootOption": run.reboot_option if run.operation == "Install" else "NoReboot",
        }
        if host.id in self._last_no_reboot:
            state["LastNoRebootInstallOperationTime"] = self._last_no_reboot[host.id]
        self._reports.setdefault(host.id, []).append(PatchReport(now + host.profile.report_seconds, state))


def _tell(host: Host, act: Any) -> Any:
    return lambda started: act() if started is host else None
