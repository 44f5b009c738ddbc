"""Real requests on loopback: what counts as lost, and whom a lost request is put down to."""

import socket
import threading

import pytest

from albpatch.region.clock import ScaledClock
from albpatch.region.journal import Journal
from albpatch.rehearsal import scenario
from albpatch.rehearsal.counted import count_requests
from albpatch.rehearsal.scenario import parse
from albpatch.rehearsal.traffic import Request, Traffic
from albpatch.rehearsal.world import World

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ENOUGH = 6


class Answering:
    """A server that answers every connection with the same bytes, and keeps the requested paths."""

    def __init__(self, answer):
        self.paths, self.enough = [], threading.Event()
        self._answer, self._socket = answer, socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def _serve(self):
        while not self._over.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(5)
                self.paths.append(connection.recv(4096).decode().split(" ")[1])
                connection.sendall(self._answer)
            if len(self.paths) >= ENOUGH:
                self.enough.set()

    def close(self):
        self._over.set()
        self._thread.join()
        self._socket.close()


def sent(answer, slow_share=0.0):
    """The requests of some moments to a server that answers so, and the paths it was asked for."""
    server, clock = Answering(answer), ScaledClock(100.0)
    settings = scenario.Traffic(requests_per_second=1.0, slow_share=slow_share, slow_seconds=8.0, timeout=30.0)
    traffic = Traffic(clock, {"arn": server.url}, settings, clock.factor)
    try:
        traffic.start()
        assert server.enough.wait(10)
    finally:
        traffic.stop()
        server.close()
        clock.close()
    return traffic, server.paths


def test_a_complete_answer_is_not_lost():
    """A full 2xx answer is what a client wants; nothing is sent after the stop."""
    traffic, paths = sent(OK)

    assert (traffic.lost, traffic.sent) == (0, len(paths))
    assert {(r.status, r.fault) for r in traffic.requests} == {(200, "")}
    traffic.stop()


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "status 502"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf", "answer cut"),
        (b"", "cut before an answer"),
    ],
)
def test_anything_else_is_lost(answer, fault):
    """An error status, half an answer and no answer are lost requests, each with its reason."""
    traffic, _ = sent(answer)

    assert traffic.lost == traffic.sent > 0
    assert {r.fault for r in traffic.requests} == {fault}


def test_nobody_listening_is_lost():
    """A refused connection is a lost request."""
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    clock = ScaledClock(100.0)
    traffic = Traffic(clock, {"arn": f"http://127.0.0.1:{port}"}, scenario.Traffic(), clock.factor)
    traffic.start()
    clock.run(clock.spawn("wait", clock.sleep, 20.0))
    traffic.stop()
    clock.close()

    assert traffic.lost == traffic.sent > 0
    assert all(r.fault.startswith("connection failed") for r in traffic.requests)


def test_the_share_of_slow_requests_is_even():
    """Every second request is slow where the share is a half."""
    _, paths = sent(OK, slow_share=0.5)

    assert set(paths) == {"/", "/slow?seconds=8"}
    assert abs(paths.count("/") - paths.count("/slow?seconds=8")) <= 2


def world():
    instances = {n: {"zone": "us-east-1a", "registrations": [{"target_group": "web"}]} for n in "ab"}
    made = parse(
        {
            "exists": {"zones": ["us-east-1a"], "target_groups": {"web": {"port": 80}}, "instances": instances},
            "profiles": {"p": {}},
            "assign": {"a": "p", "b": "p"},
        }
    )
    return World(made, {"web": "arn"}, {"a": "a", "b": "b"})


def counted(*requests, removed=None):
    """The requests counted for a night in which a is down from 100 to 160."""
    now = 0.0
    journal = Journal(lambda: now)
    for at, state in ((0, "serving"), (100, "rebooting"), (130, "starting"), (160, "serving")):
        now = float(at)
        journal.add("host", "a", state=state, patching=False)
    if removed is not None:
        now = float(removed)
        journal.add("target", "arn|b|80", state="absent")
    return count_requests(requests, journal.entries, world(), 0.0)["arn"]


def test_a_lost_request_is_put_down_to_the_machine_that_was_down():
    """Sent, refused and cut are told apart, and the loss is at the moment it was noticed."""
    found = counted(
        Request("arn", 10, 11, False, 200, ""),
        Request("arn", 110, 111, False, 502, "status 502"),
        Request("arn", 95, 101, True, 502, "status 502"),
    )

    assert (found.sent, found.refused, found.cut, found.lost) == (3, 1, 1, 2)
    assert found.by_host == {"a": 2}
    assert [(loss.at, loss.text) for loss in found.losses] == [
        (101, "slow request: status 502"),
        (111, "request: status 502"),
    ]


@pytest.mark.parametrize("slow", [True, False])
def test_a_request_cut_at_the_end_of_the_delay_is_the_groups_setting(slow):
    """While a target leaves for good and every host serves, the load balancer closes what is still open."""
    found = counted(Request("arn", 200, 206, slow, 502, "status 502"), removed=206)

    assert (found.cut_by_delay, found.cut, found.refused) == (1, 0, 0)
