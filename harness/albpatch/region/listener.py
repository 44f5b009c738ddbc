"""A small HTTP server on loopback whose port and open connections can be taken away at any moment."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

LOOPBACK = "127.0.0.1"


class Listener:
    """A listening socket and a thread for each connection. `close` refuses what is new and cuts what is open."""

    def __init__(self, name: str, handler: Callable[[socket.socket, Any, Listener], Any]) -> None:
        self._handler, self._open = handler, set[socket.socket]()
        self._guard, self.cut = threading.Lock(), threading.Event()
        self._socket = socket.create_server((LOOPBACK, 0), backlog=128)
        self._socket.settimeout(0.2)  # so that a close from another thread is seen on every system
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.cut.set()
        self._socket.close()
        with self._guard:
            for connection in self._open:
                shut(connection)

    def join(self) -> None:
        """Wait until nothing of it runs any more."""
        if self._thread is not threading.current_thread():
            self._thread.join(2.0)

    def _accept(self) -> None:
        while not self.cut.is_set():
            try:
                connection, address = self._socket.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            connection.settimeout(None)
            with self._guard:
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection, address), daemon=True).start()

    def _serve(self, connection: socket.socket, address: Any) -> None:
        try:
            if not self.cut.is_set():
                self._handler(connection, address, self)
        except OSError:
            pass  # the other side has gone, or this one was cut
        finally:
            with self._guard:
                self._open.discard(connection)
            shut(connection)
            connection.close()


class Answers(BaseHTTPRequestHandler):
    """One request a connection, any method."""

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.answer(self.rfile.read(length) if length else b"")

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815 (http.server's names)

    def answer(self, body: bytes) -> None:
        raise NotImplementedError  # what answers is the subclass's: a host's application or a load balancer's listener

    def reply(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: whoever sends requests keeps the record."""


def shut(connection: socket.socket) -> None:
    """End a connection in both directions; no error when it is over already."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
