"""The promises about rotation: no needless drain, the floor, the exact return, no lost request (C1 to C4)."""

from __future__ import annotations

from albpatch.region.journal import Entry
from albpatch.rehearsal.evidence import INTERRUPTED, Evidence, Verdict
from albpatch.rehearsal.losses import EPSILON, SERVES
from albpatch.rehearsal.timeline import IN_FLIGHT, PATCHING
from albpatch.rehearsal.world import Budget
from albpatch.report.model import Held
from albpatch.report.words import count


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
    """The lowest number of healthy targets during the night, and each moment below the floor that was our doing."""
    healthy: set[str] = set()
    lowest: int | None = None
    ours: list[tuple[float, int, str]] = []
    busy: dict[str, set[str]] = {}
    leaving: set[str] = set()
    spared: set[str] = set()  # hosts that served here until we took them out
    for entry in e.until_end:
        if entry.kind == "command" and entry.detail.get("operation") == PATCHING:
            host = entry.detail["instance"]
            here = any(key.split("|", 1)[0] == host for key in keys)
            # Who was unhealthy when it left costs no capacity: it is below the floor with it and without it.
            if _follow_command(entry, busy) and here and host in spared and len(healthy) < floor:
                ours.append((entry.time, len(healthy), f"the installation began on {e.name(host)}"))
        key = entry.subject.removeprefix(f"{arn}|")
        if key not in keys:
            continue
        if entry.kind == "registration" and e.is_ours(entry):
            leaving.add(key)
            if entry.detail["action"] == "deregister" and key in healthy:
                spared.add(key.split("|", 1)[0])
        if entry.kind != "target":
            continue
        was, host = key in healthy, key.split("|", 1)[0]
        (healthy.add if entry.detail["state"] == "healthy" else healthy.discard)(key)
        if key in healthy:
            leaving.discard(key)  # it is back: who leaves now leaves for a reason of its own
            spared.discard(host)
        if entry.time < e.start:
            continue
        lowest = len(healthy) if lowest is None else min(lowest, len(healthy))
        if was and key not in healthy and len(healthy) < floor and (key in leaving or busy.get(host)):
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
    early = registered_while_patching(e)
    if early:
        return Held.BROKEN, "; ".join(early)
    out = {i for _, _, i in e.took_out}
    taken = [i for i in e.world.machines.values() if i in out]
    missing = {i: e.missing(i) for i in taken}
    left = [i for i in taken if missing[i]]
    if not left:
        return Held.HELD, f"{e.names(taken)} registered exactly as before and none while a patch command ran"
    dead = [i for i in left if _interrupted(e, i)]
    unfit = [i for i in left if i not in dead and e.last_host.get(i) not in SERVES]
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
    """Whether the instance's last execution died, or was cancelled after a patch command was sent."""
    mine = [x for x in e.executions if x.instance == instance_id]
    sent = any(
        x.kind == "command" and x.detail["instance"] == instance_id and x.detail.get("operation") == PATCHING
        for x in e.night
    )
    return bool(mine) and (mine[-1].killed or (sent and mine[-1].status in INTERRUPTED))


def registered_while_patching(e: Evidence) -> list[str]:
    """Every registration of ours of an instance that a patch command could still reboot, in words."""
    busy: dict[str, set[str]] = {}
    down: dict[str, str] = {}
    found = []
    for entry in e.night:
        if entry.kind == "command" and entry.detail.get("operation") == PATCHING:
            _follow_command(entry, busy)
        elif entry.kind == "host":
            down[entry.subject] = entry.detail["state"]
        elif entry.kind == "registration" and entry.detail["action"] == "register" and e.is_ours(entry):
            host = entry.subject.rsplit("|", 2)[1]
            if busy.get(host) or down.get(host) == "rebooting":
                found.append(f"{e.name(host)} registered at {e.at(entry.time)} while a patch command could reboot it")
    return found


def no_lost_request(e: Evidence) -> Verdict:
    lost = sum(t.refused + t.cut for t in e.traffic.values())
    sent = sum(t.sent for t in e.traffic.values())
    if lost > EPSILON:
        return Held.BROKEN, f"{count(lost)} of {count(sent)} requests lost"
    reboots = [x for x in e.night if x.kind == "host" and x.detail["state"] == "rebooting"]
    early = [f"{e.name(x.subject)} at {e.at(x.time)}" for x in rebooted_while_routed(e)]
    if early:
        return Held.BROKEN, f"rebooted while requests could still be sent to it: {', '.join(early)}"
    side_by_side = _too_many_out(e)
    if side_by_side:
        return Held.BROKEN, side_by_side
    words = f"0 of {count(sent)} requests lost" + _by_delay(e)
    if not reboots:
        return Held.NOT_EXERCISED, f"no machine rebooted; {words}"
    times = "1 reboot" if len(reboots) == 1 else f"{len(reboots)} reboots"
    return Held.HELD, f"{words} through {times} ({e.names(x.subject for x in reboots)})"


def _by_delay(e: Evidence) -> str:
    """What the target groups' own setting cut: their users decided on it, and are told."""
    cut = sum(t.cut_by_delay for t in e.traffic.values())
    if cut <= EPSILON:
        return ""
    return (
        f" to patching ({count(cut)} cut by the target group's own deregistration delay, "
        "which is shorter than they were)"
    )


def rebooted_while_routed(e: Evidence) -> list[Entry]:
    """The reboots of the night that began while a used target group could send requests to the host."""
    routed: dict[str, set[str]] = {arn: set() for arn in e.world.used_groups}
    found = []
    for entry in e.until_end:
        if entry.kind == "routing" and entry.subject in routed:
            routed[entry.subject] = {t.split("|", 1)[0] for t in entry.detail["routed"]}
        elif entry.kind == "host" and entry.detail["state"] == "rebooting" and entry.time >= e.start:
            found += [entry] if any(entry.subject in hosts for hosts in routed.values()) else []
    return found


def _too_many_out(e: Evidence) -> str:
    """Whether an instance left a group while as many as its budget lets be out, or more, did not serve there yet."""
    healing: dict[str, set[str]] = {}
    state: dict[str, str] = {}
    for entry in e.until_end:
        if entry.kind not in ("target", "registration"):
            continue
        arn, instance_id, _ = entry.subject.rsplit("|", 2)
        waiting = healing.setdefault(arn, set())
        if entry.kind == "target":
            state[entry.subject] = entry.detail["state"]
            if entry.detail["state"] == "healthy":
                waiting.discard(instance_id)
        elif e.is_ours(entry) and entry.detail["action"] == "deregister":
            others = waiting - {instance_id}
            if len(others) >= e.world.budgets.get(arn, Budget()).max_unavailable:
                when, served = e.at(entry.time), e.names(sorted(others))
                group = e.world.group_name(arn)
                return f"{e.name(instance_id)} taken out of {group} at {when}, before {served} served there again"
            if state.get(entry.subject) == "healthy":
                waiting.add(instance_id)
    return ""
