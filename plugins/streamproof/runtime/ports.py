"""Reserve loopback ports, so that two stacks that start at the same time never get the same port."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from types import TracebackType

from streamproof.model.errors import StackError

LOOPBACK = "127.0.0.1"


def _hold(port: int) -> socket.socket:
    """Bind a port without listening. Others cannot get it, but a service with SO_REUSEADDR can listen on it."""
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((LOOPBACK, port))
    except OSError:
        holder.close()
        raise
    return holder


class PortReservation:
    """Ports by purpose (`kafka`, `clickhouse_http`, ...), reserved until `release`, when their services listen.

    `wanted` maps a purpose to a port number, 0 for any free port. The JVM and ClickHouse set SO_REUSEADDR, so they can
    listen on a reserved port. The kernel gives it to no other process.
    Raises StackError that names port and service when a wanted port is in use.
    """

    def __init__(self, wanted: Mapping[str, int]) -> None:
        self._holders: list[socket.socket] = []
        self.ports: dict[str, int] = {}
        # Fixed numbers come first, so that none of them is chosen as a free port.
        for purpose, port in sorted(wanted.items(), key=lambda item: item[1] == 0):
            try:
                holder = _hold(port)
            except (OSError, OverflowError) as error:
                self.release()
                raise StackError(
                    f"Port {port} for {purpose} cannot be used: {error}.",
                    hint=f"Stop what listens there (`ss -ltnp 'sport = :{port}'`) or leave the port out: a free one "
                    "is then chosen.",
                ) from None
            self._holders.append(holder)
            self.ports[purpose] = holder.getsockname()[1]

    def release(self) -> None:
        """Release all ports. Calling it again does nothing."""
        for holder in self._holders:
            holder.close()
        self._holders.clear()

    def __enter__(self) -> PortReservation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
