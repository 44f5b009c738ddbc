"""The promises about rotation: no needless drain, the floor, the exact return, no lost request (C1 to C4)."""

from __future__ import annotations

from albpatch.region.journal import Entry
from albpatch.rehearsal.evidence import INTERRUPTED, Evidence, Verdict
from albpatch.rehearsal.losses import EPSILON
from albpatch.rehearsal.timeline import IN_FLIGHT, PATCHING
from albpatch.report.model import Held


def needless(e: Evidence) -> Verdict:
    idle = [i for n, i in e.world.machines.items() if not e.world.scenario.profile(n).get("missing_patches", 0)]
    idle = [i for i in idle if not e.world.scenario.profile(e.name(i)).get("pending_reboot", False)]
    visited = {x.instance for x in e.executions}
    idle = [i for i in idle if i in visited]
    if not idle:
        return Held.NOT_EXERCISED, "no machine with nothing to install had its turn"
    calls = [c for c in e.writes if any(t["Id"] in idle for t in c.params["Targets"])]
    names = e.names(idle)
    if calls:
        return Held.BROKEN, f"{len(calls)} ELB write calls on {names}, which had nothing to install"
    return Held.HELD, f"no ELB write call on {names}, which had nothing to install"


def floor(e: Evidence) -> Verdict:
    if not e.took_out:
        return Held.NOT_EXERCISED, "nothing was taken out of rotation"
    words, broken = [], []
    for arn in e.world.groups.values():
        for zone, keys in e.world.zones(arn).items():
            place = e.world.group_name(arn) + (f" in {zone}" if zone else "")
            floor = e.world.floor(arn, keys)
            lowest, ours = _lowest(e, arn, set(keys), floor)
            words.append(f"{place}: lowest {lowest} of {len(keys)}, floor {floor}")
            broken += [
                f"{place}: {count} healthy at {e.at(time)}, floor {floor}, after {why}" for time, count, why in ours
            ]
    return (Held.BROKEN, "; ".join(broken)) if broken else (Held.HELD, "; ".join(words))


def _lowest(e: Evidence, arn: str, keys: set[str], floor: int) -> tuple[int, list[tuple[float, int, str]]]:
    """The lowest count of healthy targets during the night, and each fall below the floor that was our doing."""
    healthy: set[str] = set()
    lowest: int | None = None
    ours: list[tuple[float, int, str]] = []
    busy: dict[str, set[str]] = {}
    out: set[str] = {i for _, group, i in e.took_out if group == arn}
    for entry in e.entries:
        if entry.time > e.end:
            break
        if entry.kind == "command" and entry.detail.get("operation") == PATCHING:
            begun = _follow_command(entry, busy)
            here = any(k.split("|", 1)[0] == entry.detail["instance"] for k in keys)
            if begun and here and len(healthy) < floor and entry.time >= e.start:
                ours.append((entry.time, len(healthy), f"the installation began on {e.name(entry.detail['instance'])}"))
        if entry.kind != "target" or not entry.subject.startswith(f"{arn}|"):
            continue
        key = entry.subject.removeprefix(f"{arn}|")
        if key not in keys:
            continue
        was = key in healthy
        (healthy.add if entry.detail["state"] == "healthy" else healthy.discard)(key)
        if entry.time < e.start:
            continue
        lowest = len(healthy) if lowest is None else min(lowest, len(healthy))
        host = key.split("|", 1)[0]
        by_us = (entry.detail["state"] == "draining" and host in out) or bool(busy.get(host))
        if was and key not in healthy and len(healthy) < floor and by_us:
            ours.append((entry.time, len(healthy), f"{e.name(host)} left"))
    return len(healthy) if lowest is None else lowest, ours


def _follow_command(entry: Entry, busy: dict[str, set[str]]) -> bool:
    """Keep which Install commands are in flight by instance; tell whether this entry begins one."""
    mine = busy.setdefault(entry.detail["instance"], set())
    before = entry.subject in mine
    (mine.add if entry.detail["status"] in IN_FLIGHT else mine.discard)(entry.subject)
    return not before and entry.subject in mine


def exact_return(e: Evidence) -> Verdict:
    if not e.took_out:
        return Held.NOT_EXERCISED, "nothing was taken out of rotation"
    early = _registered_while_patching(e)
    if early:
        return Held.BROKEN, "; ".join(early)
    taken = sorted({i for _, _, i in e.took_out})
    missing = {i: e.missing(i) for i in taken}
    left = [i for i in taken if missing[i]]
    if not left:
        return Held.HELD, f"{e.names(taken)} registered exactly as before and none while a patch command ran"
    dead = [i for i in left if _interrupted(e, i)]
    unfit = [i for i in left if i not in dead and e.last_host.get(i) != "serving"]
    wrong = [i for i in left if i not in dead and i not in unfit]
    if wrong:
        return Held.BROKEN, f"{e.names(wrong)} left out although fit to serve"
    back = f"{len(taken) - len(left)} of {len(taken)} registered exactly as before"
    if dead:
        return Held.NOT_COVERED, (
            f"{back}; {e.names(dead)} stays out after its execution was interrupted: nothing was registered "
            "while the patch command could still reboot it, a person has to put it back"
        )
    return Held.HELD, f"{back}; {e.names(unfit)} kept out because it does not serve"


def _interrupted(e: Evidence, instance_id: str) -> bool:
    """Whether the instance's last execution was cancelled or died."""
    mine = [x for x in e.executions if x.instance == instance_id]
    return bool(mine) and (mine[-1].killed or mine[-1].status in INTERRUPTED)


def _registered_while_patching(e: Evidence) -> list[str]:
    busy: dict[str, set[str]] = {}
    down: dict[str, str] = {}
    found = []
    for entry in e.night:
        if entry.kind == "command" and entry.detail.get("operation") == PATCHING:
            _follow_command(entry, busy)
        elif entry.kind == "host":
            down[entry.subject] = entry.detail["state"]
        elif entry.kind == "registration" and entry.detail["action"] == "register":
            host = entry.subject.rsplit("|", 2)[1]
            if busy.get(host) or down.get(host) == "rebooting":
                found.append(f"{e.name(host)} registered at {e.at(entry.time)} while a patch command could reboot it")
    return found


def no_lost_request(e: Evidence) -> Verdict:
    lost = sum(t.lost for t in e.traffic.values())
    sent = sum(t.sent for t in e.traffic.values())
    if lost > EPSILON:
        return Held.BROKEN, f"{lost:.0f} of {sent:.0f} requests lost" if lost >= 1 else f"{lost:.2f} requests lost"
    reboots = [x for x in e.night if x.kind == "host" and x.detail["state"] == "rebooting"]
    early = [f"{e.name(x.subject)} at {e.at(x.time)}" for x in reboots if _routed_at(e, x)]
    if early:
        return Held.BROKEN, f"rebooted while requests could still be sent to it: {', '.join(early)}"
    side_by_side = _two_out(e)
    if side_by_side:
        return Held.BROKEN, side_by_side
    if not reboots:
        return Held.NOT_EXERCISED, f"no machine rebooted; 0 of {sent:.0f} requests lost"
    names = e.names([x.subject for x in reboots])
    return Held.HELD, f"0 of {sent:.0f} requests lost through {len(reboots)} reboots ({names})"


def _routed_at(e: Evidence, reboot: Entry) -> bool:
    routed: dict[str, list[str]] = {}
    for entry in e.entries:
        if entry is reboot:
            break
        if entry.kind == "routing":
            routed[entry.subject] = entry.detail["routed"]
    used = set(e.world.used_groups)
    return any(t.split("|", 1)[0] == reboot.subject for arn, ts in routed.items() if arn in used for t in ts)


def _two_out(e: Evidence) -> str:
    """Whether an instance was taken out of a group while another that we took out did not serve there yet."""
    healing: dict[str, set[str]] = {}
    events = [(t, 0, arn, i) for t, arn, i in e.took_out]
    for entry in e.night:
        if entry.kind == "target" and entry.detail["state"] == "healthy":
            arn, instance_id, _ = entry.subject.rsplit("|", 2)
            events.append((entry.time, 1, arn, instance_id))
    for time, healthy, arn, instance_id in sorted(events):
        waiting = healing.setdefault(arn, set())
        if healthy:
            waiting.discard(instance_id)
            continue
        others = waiting - {instance_id}
        if others:
            return (
                f"{e.name(instance_id)} taken out of {e.world.group_name(arn)} at {e.at(time)}, before "
                f"{e.names(sorted(others))} served there again"
            )
        waiting.add(instance_id)
    return ""
