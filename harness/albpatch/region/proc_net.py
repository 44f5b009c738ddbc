"""A host's connections as Linux shows them in /proc/net. Source: proc(5) and nf_conntrack's lines in the kernel."""

from __future__ import annotations

import ipaddress
import sys

from albpatch.region.connections import Connection, Connections
from albpatch.region.hosts import Host

_STATES = {"ESTABLISHED": "01", "TIME_WAIT": "06"}
_HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def files(host: Host, address: str, connections: Connections) -> dict[str, str]:
    """Path to content of what the host's kernel shows of its TCP connections.

    Args:
        address: the host's private IPv4 address.
    """
    own, tracked = connections.sockets(host), connections.tracked(host)
    shown = {
        "/proc/net/tcp": _HEAD + "".join(_socket(n, c, _hex(address)) for n, c in enumerate(own)),
        "/proc/net/tcp6": _HEAD,
    }
    if tracked is not None:
        shown["/proc/net/nf_conntrack"] = "".join(_tracked(c, address) for c in tracked)
    return shown


def _hex(address: str) -> str:
    word = ipaddress.ip_address(address).packed
    return f"{int.from_bytes(word, sys.byteorder):08X}"


def _socket(number: int, one: Connection, own: str) -> str:
    peer = f"{_hex(one.peer)}:{one.peer_port:04X}"
    rest = "00000000:00000000 00:00000000 00000000     0        0 0 1 0000000000000000 20 0 0 10 -1"
    return f"{number:4}: {own}:{one.port:04X} {peer} {_STATES[one.state]} {rest}\n"


def _tracked(one: Connection, own: str) -> str:
    there = f"src={one.peer} dst={own} sport={one.peer_port} dport={one.port}"
    back = f"src={own} dst={one.peer} sport={one.port} dport={one.peer_port}"
    return f"ipv4     2 tcp      6 300 {one.state} {there} {back} [ASSURED] mark=0 zone=0 use=2\n"
