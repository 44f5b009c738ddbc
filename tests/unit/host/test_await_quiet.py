"""The program that looks for connections on the host: what it sees, when it believes in quiet, when it gives up."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[3] / "runbook/host/await_quiet.py"
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
HOST, NODE, STRANGER = "0A000A0A", "0A000005", "0A010005"  # 10.0.10.10, 10.0.0.5 and 10.1.0.5, big endian
PEERS = "10.0.0.0/20"
ESTABLISHED, TIME_WAIT = "01", "06"


def word(address: str) -> str:
    """An address as the kernel of this machine prints it."""
    return f"{int.from_bytes(bytes.fromhex(address), sys.byteorder):08X}"


def row(peer: str = NODE, port: int = 8080, state: str = ESTABLISHED, wide: bool = False) -> str:
    """A line of /proc/net/tcp, or of tcp6 with addresses of IPv4 inside."""
    inside = "0000000000000000" + word("0000FFFF") if wide else ""
    return f"   0: {inside}{word(HOST)}:{port:04X} {inside}{word(peer)}:9C40 {state} 00000000:00000000 00:00000000\n"


def tracked(peer: str = "10.0.0.5", port: int = 8080, state: str = "ESTABLISHED") -> str:
    """A line of nf_conntrack: a connection to `port` that is sent on to a container's port 80."""
    there, back = f"src={peer} dst=10.0.10.10 sport=40000 dport={port}", f"src=172.17.0.2 dst={peer} sport=80 dport=1"
    return f"ipv4     2 tcp      6 431999 {state} {there} {back} [ASSURED] mark=0 zone=0 use=2\n"


class Machine:
    """A machine whose tables can change with time. `tables` maps a path to its lines, or to a function of the time."""

    def __init__(self) -> None:
        self.now, self.tables = 1000.0, dict[str, Any]()
        self.show("/proc/net/tcp", "")
        self.show("/proc/net/tcp6", "")

    def show(self, path: str, rows: str | Callable[[float], str]) -> None:
        self.tables[path] = rows

    def open(self, path: str) -> io.StringIO:
        if path not in self.tables:
            raise FileNotFoundError(path)
        rows = self.tables[path]
        head = "" if path.endswith("conntrack") else HEAD
        return io.StringIO(head + (rows if isinstance(rows, str) else rows(self.now - 1000)))

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def run(machine: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs it: exit status and what it printed."""

    def runner(mode: str, *, ports: str = "8080", peers: str = PEERS, **seconds: int) -> tuple[int, dict[str, Any]]:
        named = {"least": 30, "quiet": 30, "limit": 300, "pause": 2} | seconds
        probe, limit = (named["limit"], 9999) if mode == "probe" else (9999, named["limit"])
        look = f"{ports} {peers} {probe} {named['least']}"
        monkeypatch.setattr(sys, "argv", ["-", mode, look, str(named["quiet"]), str(limit), str(named["pause"])])
        namespace = {"__name__": "__main__", "__builtins__": {**vars(builtins), "open": machine.open}}
        monkeypatch.setattr("time.monotonic", machine.monotonic)
        monkeypatch.setattr("time.sleep", machine.sleep)
        with pytest.raises(SystemExit) as ended:
            exec(compile(FILE.read_text(), str(FILE), "exec"), namespace)
        return int(ended.value.code), json.loads(capsys.readouterr().out)

    return runner


class TestProbe:
    """Only a look that sees the load balancer can be believed when it sees nothing."""

    def test_a_connection_on_every_port(self, run, machine):
        """One connection on each port is enough, at the first look."""
        machine.show("/proc/net/tcp", row() + row(port=8443))

        assert run("probe", ports="8080,8443") == (
            0,
            {"mode": "probe", "done": True, "seconds": 0, "looks": 1, "open": 2, "seen": [8080, 8443]},
        )

    def test_one_port_without_a_connection(self, run, machine):
        """A port that was never seen makes the whole look unbelievable."""
        machine.show("/proc/net/tcp", row())

        status, told = run("probe", ports="8080,8443", limit=60)

        assert (status, told["done"], told["seen"], told["seconds"]) == (1, False, [8080], 60)

    def test_ports_seen_at_different_times(self, run, machine):
        """Health checks come one after the other: what was seen stays seen."""
        machine.show("/proc/net/tcp", lambda now: row() if now < 4 else row(port=8443) if now > 30 else "")

        assert run("probe", ports="8080,8443", limit=60)[0] == 0

    def test_a_closed_connection(self, run, machine):
        """A health check's connection in TIME_WAIT shows that the look sees the load balancer."""
        machine.show("/proc/net/tcp", row(state=TIME_WAIT))

        assert run("probe")[0] == 0

    @pytest.mark.parametrize(
        "line",
        [
            pytest.param(row(peer=STRANGER), id="a peer outside the load balancer's subnets"),
            pytest.param(row(port=22), id="another port"),
            pytest.param(row(peer="00000000", state="0A"), id="the listening socket"),
            pytest.param(row(peer="7F000001"), id="the host itself"),
        ],
    )
    def test_what_is_no_proof(self, run, machine, line):
        """Anything but a connection of the load balancer to a target port proves nothing."""
        machine.show("/proc/net/tcp", line)

        assert run("probe", limit=20)[0] == 1

    def test_any_peer_but_the_host(self, run, machine):
        """With the client's own address kept, every peer counts except the loopback interface."""
        machine.show("/proc/net/tcp", row(peer="7F000001") + row(peer="00000000", state="0A"))
        assert run("probe", peers="0.0.0.0/0,::/0", limit=20)[0] == 1

        machine.show("/proc/net/tcp", row(peer="C6336407"))
        assert run("probe", peers="0.0.0.0/0,::/0", limit=20)[0] == 0

    def test_a_server_that_listens_on_ipv6(self, run, machine):
        """Addresses of IPv4 inside tcp6 are the load balancer's as well."""
        machine.show("/proc/net/tcp6", row(wide=True))

        assert run("probe")[0] == 0

    def test_connection_tracking(self, run, machine):
        """A connection translated for a container is seen by its first port, where the kernel shows it."""
        assert run("probe", limit=20)[0] == 1

        machine.show("/proc/net/nf_conntrack", tracked())
        assert run("probe")[0] == 0
        assert run("probe", ports="80", limit=20)[0] == 1

    def test_no_ipv6(self, run, machine):
        """A kernel without IPv6 has no tcp6."""
        del machine.tables["/proc/net/tcp6"]
        machine.show("/proc/net/tcp", row())

        assert run("probe")[0] == 0


class TestAwait:
    """Quiet is time without an open connection, never before the least time."""

    def test_quiet_from_the_start(self, run):
        """The least time is waited for although nothing was ever open."""
        status, told = run("await", least=30, quiet=10)

        assert (status, told["seconds"]) == (0, 30)

    def test_quiet_is_counted_from_the_last_connection(self, run, machine):
        """A connection at 40 s puts the end off until it has been gone for the time of quiet."""
        machine.show("/proc/net/tcp", lambda now: row() if now <= 40 else "")

        status, told = run("await", quiet=30)

        assert (status, told["seconds"], told["looks"]) == (0, 70, 36)

    @pytest.mark.parametrize("state", ["01", "03", "04", "08", "09", "0B", "0C"])
    def test_states_that_may_carry_an_answer(self, run, machine, state):
        """A connection in any of these states is not quiet: it gives up at the limit."""
        machine.show("/proc/net/tcp", row(state=state))

        status, told = run("await", limit=100)

        assert (status, told["done"], told["open"]) == (1, False, 1)

    @pytest.mark.parametrize("state", [TIME_WAIT, "05", "07"])
    def test_states_that_are_over(self, run, machine, state):
        """The peer has acknowledged everything."""
        machine.show("/proc/net/tcp", row(state=state))

        assert run("await")[0] == 0

    @pytest.mark.parametrize(("state", "status"), [("ESTABLISHED", 1), ("FIN_WAIT", 1), ("TIME_WAIT", 0), ("CLOSE", 0)])
    def test_tracked_states(self, run, machine, state, status):
        """The same goes for connection tracking."""
        machine.show("/proc/net/nf_conntrack", tracked(state=state))

        assert run("await", limit=100)[0] == status

    def test_a_stranger_that_never_leaves(self, run, machine):
        """A peer outside the load balancer's subnets does not matter, one inside does."""
        machine.show("/proc/net/tcp", row(peer=STRANGER))
        assert run("await")[0] == 0

        machine.show("/proc/net/tcp", row(peer=NODE))
        assert run("await")[0] == 1

    def test_it_gives_up_when_it_cannot_end_in_time(self, run, machine):
        """With a limit that the least time reaches, nothing is waited for."""
        assert run("await", least=30, quiet=30, limit=29)[1]["seconds"] == 0

        machine.show("/proc/net/tcp", lambda now: row() if now <= 80 else "")
        assert run("await", quiet=30, limit=100)[1]["seconds"] == 72

    def test_a_table_that_cannot_be_read(self, run, machine):
        """What it does not understand is a failure, never quiet."""
        machine.show("/proc/net/tcp", "   0: nonsense\n")

        with pytest.raises(ValueError):
            run("await")


def test_it_runs_on_old_pythons():
    """The host's Python may be 3.6: nothing newer is used."""
    tree = ast.parse(FILE.read_text(), feature_version=(3, 6))
    names = {node.module if isinstance(node, ast.ImportFrom) else alias.name for node in ast.walk(tree)
             if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}  # fmt: skip

    assert names == {"ipaddress", "json", "sys", "time"}


def test_importing_it_does_nothing():
    """Only as a program does it look."""
    spec = importlib.util.spec_from_file_location("await_quiet", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    assert callable(module.main)
