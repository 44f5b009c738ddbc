"""Which connections a host has: while it is routed to, after that, behind containers, with others that stay."""

from __future__ import annotations

import pytest

from albpatch.region import proc_net
from albpatch.region.connections import CLIENTS, OUTSIDE, Connection, Connections, Shape
from albpatch.region.hosts import Profile
from data_plane import Fleet

NODES = ("10.0.0.5", "10.0.16.5")
CHECK = 60_000  # the port that health checks come from


class World:
    """A fleet of one machine behind one load balancer, and what is connected to it."""

    def __init__(self, shape: Shape | None = None, protocol: str = "HTTP", delay: int = 300, **profile: object) -> None:
        self.fleet = Fleet(2, Profile(answer_seconds=0.0, **profile))
        self.connections = self.fleet.region.part(Connections)
        self.connections.shape = shape or Shape(slow_seconds=8)
        more = {"deregistration_delay__timeout_seconds": delay}
        self.group = self.fleet.steady(protocol=protocol, **more)
        self.host = self.fleet.hosts[self.fleet.ids[0]]

    def deregister(self) -> None:
        self.fleet.deregister(self.group, self.host.id)

    def peers(self, shown: list[Connection] | None = None) -> list[str]:
        """Who is connected and has not finished; the health checks' connections are over at once."""
        found = self.connections.sockets(self.host) if shown is None else shown
        return [c.peer for c in found if c.state == "ESTABLISHED" and c.peer_port != CHECK]

    def quiet_after(self, limit: int = 1000) -> int | None:
        """Seconds from now until nobody is connected any more; None if somebody always is."""
        for second in range(limit):
            if not self.peers():
                return second
            self.fleet.pass_time(1)
        return None


@pytest.fixture
def world():
    """Makes worlds, one at a time, and closes them."""
    made = []

    def make(*args: object, **more: object) -> World:
        while made:
            made.pop().fleet.region.close()
        made.append(World(*args, **more))
        return made[-1]

    yield make
    made[-1].fleet.region.close()


def test_while_it_is_routed_to(world):
    """Every node of the load balancer has a connection; one node stands in each of its subnets."""
    made = world()

    assert made.peers() == list(NODES)
    assert {c.port for c in made.connections.sockets(made.host)} == {80}


@pytest.mark.parametrize(
    ("shape", "seconds"),
    [
        pytest.param(Shape(slow_seconds=8), 17 + 8, id="late requests and the slowest of them"),
        pytest.param(Shape(slow_seconds=0), 17, id="late requests"),
        pytest.param(Shape(slow_seconds=8, keeps_idle=True), 17 + 8 + 60, id="idle connections kept"),
        pytest.param(Shape(flows=False), 0, id="no requests"),
    ],
)
def test_after_the_deregistration(world, shape, seconds):
    """It goes quiet when the last late request is answered, or 60 s later if idle connections are kept."""
    made = world(shape)
    made.deregister()

    assert made.quiet_after() == seconds


def test_the_delay_ends_everything(world):
    """At the end of the deregistration delay an Application Load Balancer closes what is open."""
    made = world(delay=100, long_connections_seconds=3600)
    made.deregister()

    assert made.quiet_after() == 100


def test_requests_later_than_the_delay(world):
    """With a delay of 0 late requests still arrive, and are still answered."""
    made = world(delay=0)
    made.deregister()

    assert made.quiet_after() == 17 + 8


def test_a_network_load_balancer(world):
    """The host sees the clients themselves, for two minutes, and nobody closes what they keep open."""
    made = world(protocol="TCP", delay=10)
    assert made.peers() == list(CLIENTS)

    made.deregister()
    assert made.quiet_after() == 120 + 8

    lasting = world(protocol="TCP", delay=10, long_connections_seconds=500)
    lasting.deregister()
    assert lasting.quiet_after() == 120 + 500


def test_a_reboot_ends_every_connection(world):
    """What was open before a reboot is not open after it; cutting long connections is journaled, once for each node."""
    made = world(long_connections_seconds=3600)
    made.deregister()
    made.fleet.pass_time(20)
    made.host.reboot()
    made.fleet.pass_time(100)

    assert made.peers() == []
    cut = made.fleet.journal.of("cut")
    assert [(e.subject, e.detail) for e in cut] == [(f"{made.group}|{made.host.id}|80", {"connections": 2})]


def test_nothing_is_cut_after_it_is_over(world):
    """A reboot after the end of long connections cuts none."""
    made = world(long_connections_seconds=50)
    made.deregister()
    made.fleet.pass_time(17 + 50)
    made.host.reboot()

    assert made.fleet.journal.of("cut") == []


def test_behind_a_containers_translation(world):
    """The host itself has no socket; connection tracking has the connection, where the kernel shows it."""
    blind = world(container_nat=True)
    assert (blind.connections.sockets(blind.host), blind.connections.tracked(blind.host)) == ([], None)

    tracking = world(container_nat=True, conntrack=True)
    assert tracking.connections.sockets(tracking.host) == []
    assert tracking.peers(tracking.connections.tracked(tracking.host)) == list(NODES)


@pytest.mark.parametrize(("place", "peer"), [("inside", "10.0.0.105"), ("outside", OUTSIDE)])
def test_a_scraper(world, place, peer):
    """Somebody else is always connected, from the load balancer's subnet or from elsewhere."""
    made = world(scraper=place)
    made.deregister()
    made.fleet.pass_time(600)

    assert made.peers() == [peer]


def test_a_health_check_leaves_time_wait(world):
    """ALB's check asks for Connection: close, so the host closes first and remembers the connection for a minute."""
    made = world(Shape(flows=False))

    shown = made.connections.sockets(made.host)

    assert [(c.peer, c.state) for c in shown] == [(node, "TIME_WAIT") for node in NODES]
    made.deregister()
    assert made.connections.sockets(made.host) == []


def test_health_checks_on_another_port(world):
    """A check of another port says nothing about the target's port."""
    made = world(Shape(flows=False))
    made.fleet.make("elbv2", "ModifyTargetGroup", TargetGroupArn=made.group, HealthCheckPort="9000")

    assert made.connections.sockets(made.host) == []


def test_a_host_that_does_not_serve(world):
    """An application that is down has no connections."""
    made = world()
    made.host.change(application_up=False)

    assert made.connections.sockets(made.host) == []


def test_a_part_made_late_knows_the_past(world):
    """What happened before anybody asked is read from the journal."""
    made = world()
    made.deregister()
    made.fleet.pass_time(20)

    late = Connections(made.fleet.region)
    late.shape = made.connections.shape

    assert late.sockets(made.host) == made.connections.sockets(made.host) != []


def test_proc_net(world):
    """The kernel's text: addresses as words in the machine's byte order, states as numbers, tracking as tuples."""
    made = world(Shape(flows=False), conntrack=True, scraper="outside")
    files = proc_net.files(made.host, "10.0.10.10", made.connections)
    rows = [line.split() for line in files["/proc/net/tcp"].splitlines()[1:]]

    assert sorted(files) == ["/proc/net/nf_conntrack", "/proc/net/tcp", "/proc/net/tcp6"]
    assert [row[3] for row in rows] == ["06", "06", "01"]
    assert rows[0][1].endswith(":0050") and rows[0][2].endswith(f":{CHECK:04X}")
    assert {row[1].split(":")[0] for row in rows} <= {"0A0A000A", "0A000A0A"}
    assert (
        "tcp      6 300 ESTABLISHED src=203.0.113.9 dst=10.0.10.10 sport=50000 dport=80"
        in (files["/proc/net/nf_conntrack"])
    )
