"""A proxy in front of a port that hangs up after a number of bytes of answers, as a lost connection does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

BLOCK = 4096


@dataclass
class CuttingProxy:
    """`port` is where it listens, `answered` how many bytes it has passed on. `limit` None never hangs up."""

    target: int
    limit: int | None = None
    answered: int = 0
    port: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, listening: socket.socket) -> None:
        """Serve every connection in threads of its own until the socket is closed."""
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            for source, sink, counted in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pass_on, args=(source, sink, counted), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        try:
            while block := source.recv(BLOCK):
                allowed = self._allowed(len(block)) if counted else len(block)
                sink.sendall(block[:allowed])
                if allowed < len(block):
                    break
        except OSError:
            pass  # one side has hung up: so does the other
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                end.close()

    def _allowed(self, size: int) -> int:
        with self._lock:
            left = size if self.limit is None else max(0, min(size, self.limit - self.answered))
            self.answered += left
            return left


@contextmanager
def cutting_proxy(target: int, limit: int | None = None) -> Iterator[CuttingProxy]:
    """Serve on a free port of 127.0.0.1 in front of `target`."""
    listening = socket.create_server(("127.0.0.1", 0))
    proxy = CuttingProxy(target, limit, port=listening.getsockname()[1])
    thread = threading.Thread(target=proxy.serve, args=(listening,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
