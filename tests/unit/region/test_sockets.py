"""Scaled time: real hosts and real load balancers."""

import socket
import threading

import pytest

from albpatch.region.clock import ScaledClock, VirtualClock
from albpatch.region.core import Region
from albpatch.region.hosts import Profile
from albpatch.region.sockets import Sockets
from data_plane import fleet_of, request

FACTOR = 60.0
QUICK = Profile(
    missing_patches=1, patch_seconds=20, reboot_seconds=40, start_seconds=20, agent_seconds=5, scan_seconds=5
)


@pytest.fixture
def fleet():
    with fleet_of(2, QUICK, ScaledClock(FACTOR)) as made:
        yield made


@pytest.fixture
def sockets(fleet):
    return fleet.region.part(Sockets)


def in_background(url, path):
    """Begin a request; returns a function that waits for its status."""
    seen = []
    thread = threading.Thread(target=lambda: seen.append(request(url, path)[0]))
    thread.start()

    def status():
        thread.join(10)
        return seen[0]

    return status


def until(condition):
    """Wait for something that another thread does at once."""
    pause = threading.Event()
    for _ in range(400):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it did not happen")


def in_flight(fleet, arn):
    """Requests in flight to the targets of a group."""
    return sum(t.in_flight for t in fleet.balancing.targets(arn))


def test_requests_are_answered_in_turn(fleet, sockets):
    """Healthy targets take turns, and bodies reach them."""
    arn = fleet.steady()
    url = sockets.url(arn)

    assert {request(url)[1] for _ in range(4)} == {b'{"instance": "%s", "received": 0}' % i.encode() for i in fleet.ids}
    assert request(url, data=b"12345")[1].endswith(b'"received": 5}')
    assert request(url, method="HEAD") == (200, b"")


def test_a_group_without_targets_answers_503(fleet, sockets):
    """Nobody to send to is 503."""
    assert request(sockets.url(fleet.group()))[0] == 503


def test_a_refused_connection_answers_502(fleet, sockets):
    """A target whose application is not up refuses, and the client gets 502 until the health check notices."""
    arn = fleet.steady(HealthCheckIntervalSeconds=300)
    for each in fleet.ids:
        fleet.hosts[each].change(application_up=False)

    assert request(sockets.url(arn))[0] == 502


def test_an_error_of_the_application_is_passed_on(fleet, sockets):
    """What the application answers is what the client gets."""
    arn = fleet.steady()
    for each in fleet.ids:
        fleet.hosts.sicken(each)

    assert request(sockets.url(arn))[0] == 503


def test_a_slow_answer(fleet, sockets):
    """A slow request takes its time of the region and is answered; a wrong one is the client's mistake."""
    url, before = sockets.url(fleet.steady()), fleet.clock.time()

    assert request(url, "/slow?seconds=30")[0] == 200
    assert fleet.clock.time() - before >= 30
    assert request(url, "/slow?seconds=soon")[0] == 400


def test_an_answer_after_the_idle_timeout_is_504(fleet, sockets):
    """A target that says nothing for the idle timeout makes a 504."""
    assert request(sockets.url(fleet.steady()), "/slow?seconds=600")[0] == 504


def test_a_reboot_cuts_what_is_in_flight(fleet, sockets):
    """A request in flight to a machine that reboots is lost."""
    arn = fleet.steady()
    waiting = [in_background(sockets.url(arn), "/slow?seconds=55") for _ in range(2)]
    until(lambda: in_flight(fleet, arn) == 2)
    fleet.hosts[fleet.ids[0]].reboot()

    assert sorted(status() for status in waiting) == [200, 502]
    assert in_flight(fleet, arn) == 0


def test_draining_lets_requests_finish(fleet, sockets):
    """A request in flight is answered though its target was deregistered."""
    arn = fleet.steady()
    waiting = [in_background(sockets.url(arn), "/slow?seconds=30") for _ in range(2)]
    until(lambda: in_flight(fleet, arn) == 2)
    fleet.deregister(arn, *fleet.ids)

    assert [status() for status in waiting] == [200, 200]


def test_the_end_of_the_delay_cuts_requests(fleet, sockets):
    """What is still in flight when the deregistration delay ends is cut."""
    arn = fleet.steady(deregistration_delay__timeout_seconds=10)
    waiting = in_background(sockets.url(arn), "/slow?seconds=55")
    until(lambda: in_flight(fleet, arn) == 1)
    fleet.deregister(arn, *fleet.ids)

    assert waiting() == 502


def test_late_requests_arrive(fleet, sockets):
    """For two minutes after its deregistration from a Network Load Balancer a target gets its share of new requests."""
    arn, (one, two) = fleet.steady(protocol="TCP", load_balancing__cross_zone__enabled="true"), fleet.ids
    url = sockets.url(arn)
    fleet.deregister(arn, one)
    assert {request(url)[1] for _ in range(4)} == {
        b'{"instance": "%s", "received": 0}' % i.encode() for i in (one, two)
    }

    fleet.pass_time(121)
    assert {request(url)[1] for _ in range(4)} == {b'{"instance": "%s", "received": 0}' % two.encode()}


@pytest.mark.usefixtures("sockets")
def test_a_tcp_health_check(fleet):
    """A TCP check passes on an application that answers with errors and fails on one that refuses."""
    fleet.hosts.sicken(fleet.ids[0])
    fleet.hosts[fleet.ids[1]].change(application_up=False)
    arn = fleet.group(protocol="TCP", HealthCheckProtocol="TCP", HealthCheckIntervalSeconds=10)
    fleet.register(arn, *fleet.ids)
    fleet.pass_time(60)

    assert fleet.health(arn)[0][2] == "healthy"
    assert fleet.health(arn)[1][2:] == ("unhealthy", "Target.FailedHealthChecks")


@pytest.mark.usefixtures("sockets")
def test_a_sick_application_fails_the_http_check(fleet):
    """The reason names the answer's code mismatch."""
    fleet.hosts.sicken(fleet.ids[0])
    arn = fleet.group(HealthCheckIntervalSeconds=10)
    fleet.register(arn, *fleet.ids)
    fleet.pass_time(60)

    assert [row[2:] for row in fleet.health(arn)] == [("unhealthy", "Target.ResponseCodeMismatch"), ("healthy", "")]


def test_targets_registered_before_the_sockets_are_checked_too(fleet):
    """Sockets that are opened later take the checks over."""
    arn = fleet.group()
    fleet.register(arn, *fleet.ids)
    fleet.region.part(Sockets)
    fleet.hosts[fleet.ids[0]].change(application_up=False)
    fleet.pass_time(100)

    assert fleet.states(arn) == ["unhealthy", "healthy"]


def test_nothing_is_left_after_close():
    """Closing the region, with a request in flight, leaves no thread and no open port."""
    before = set(threading.enumerate())
    with fleet_of(2, QUICK, ScaledClock(FACTOR)) as fleet:
        arn = fleet.steady()
        url = fleet.region.part(Sockets).url(arn)
        ports = [int(url.rpartition(":")[2]), *(fleet.region.part(Sockets).port(i) for i in fleet.ids)]
        waiting = in_background(url, "/slow?seconds=55")
        until(lambda: in_flight(fleet, arn) == 1)
        fleet.region.close()
        assert waiting() in (0, 502)

    until(lambda: set(threading.enumerate()) <= before)
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 1)


def test_virtual_time_has_no_sockets():
    """Real sockets cannot wait for a clock that jumps."""
    region = Region(VirtualClock())
    with pytest.raises(TypeError, match="scaled time"):
        region.part(Sockets)
    region.close()
