"""Has the load balancer connections to this host? Runs on it as root, with whatever Python 3.6 or newer is there.

Reads the kernel's own tables, so that no tool has to be installed. Changes nothing. Arguments: probe or await;
where to look (ports, networks of the load balancer, seconds of a probe, least seconds); seconds of quiet, at most,
between two looks.
"""

import ipaddress
import json
import sys
import time

# States in which an answer may still be on its way: ESTABLISHED, SYN_RECV, FIN_WAIT1, CLOSE_WAIT, LAST_ACK, CLOSING,
# NEW_SYN_RECV. In FIN_WAIT2 and TIME_WAIT the peer has acknowledged everything.
OPEN = ("01", "03", "04", "08", "09", "0B", "0C")
LISTEN = "0A"
SOCKETS = ("/proc/net/tcp", "/proc/net/tcp6")
TRACKED = "/proc/net/nf_conntrack"  # what is sent on into a container is only here, if anywhere
TRACKED_OVER = ("TIME_WAIT", "CLOSE")


def address(text: str) -> "ipaddress.IPv4Address | ipaddress.IPv6Address":
    """The kernel prints words of 32 bits in the machine's byte order."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    found = ipaddress.ip_address(b"".join(word.to_bytes(4, sys.byteorder) for word in words))
    return getattr(found, "ipv4_mapped", None) or found


def sockets(ports: "set[int]") -> "list[tuple]":
    """(port, peer, whether it is open) of every connection to the ports."""
    found = []
    for path in SOCKETS:
        try:
            with open(path) as table:
                rows = [line.split(None, 4)[1:4] for line in table][1:]
        except FileNotFoundError:  # a kernel without IPv6
            continue
        for local, remote, state in rows:
            port = int(local.rpartition(":")[2], 16)
            if port in ports and state != LISTEN:
                found.append((port, address(remote.rpartition(":")[0]), state in OPEN))
    return found


def tracked(ports: "set[int]") -> "list[tuple]":
    """The same from connection tracking, where it is: the first addresses of a line are the ones before translation."""
    found = []
    try:
        with open(TRACKED) as table:
            lines = [line.split() for line in table]
    except FileNotFoundError:
        return []
    for words in lines:
        if "tcp" in words[:3]:
            pairs = dict(word.split("=", 1) for word in reversed(words) if "=" in word)
            if int(pairs["dport"]) in ports:
                over = any(word in TRACKED_OVER for word in words[:6])
                found.append((int(pairs["dport"]), ipaddress.ip_address(pairs["src"]), not over))
    return found


def main(mode: str, ports: "set[int]", peers: list, least: int, quiet: int, limit: int, pause: int) -> bool:
    begun = busy = time.monotonic()
    seen, looks, done = set(), 0, False
    while True:
        now, looks = time.monotonic(), looks + 1
        found = [c for c in sockets(ports) + tracked(ports) if not c[1].is_loopback and any(c[1] in p for p in peers)]
        still = sum(c[2] for c in found)
        seen.update(c[0] for c in found)
        busy = now if still else busy
        if mode == "probe":
            done, earliest = seen == ports, now + pause
        else:
            earliest = max(begun + least, busy + quiet)
            done = now >= earliest
        if done or max(earliest, now + pause) > begun + limit:
            took = {"seconds": round(now - begun), "looks": looks, "open": still, "seen": sorted(seen)}
            print(json.dumps({"mode": mode, "done": done, **took}))
            return done
        time.sleep(pause)


if __name__ == "__main__":
    at = sys.argv
    where, blocks, probe, minimum = at[2].split()
    networks = [ipaddress.ip_network(block) for block in blocks.split(",")]
    longest = probe if at[1] == "probe" else at[4]
    numbers = map(int, (minimum, at[3], longest, at[5]))
    sys.exit(not main(at[1], {int(port) for port in where.split(",")}, networks, *numbers))
