"""Reserved ports: distinct, off limits to others, and still usable by the service they are for."""

from __future__ import annotations

import socket

import pytest

from streamproof.model.errors import StackError
from streamproof.runtime.ports import LOOPBACK, PortReservation


def listener(port: int, *, reuse: bool) -> socket.socket:
    server = socket.socket()
    try:
        if reuse:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((LOOPBACK, port))
        server.listen()
    except OSError:
        server.close()
        raise
    return server


def test_many_reservations_at_once_never_share_a_port() -> None:
    held = [PortReservation({"a": 0, "b": 0, "c": 0}) for _ in range(30)]
    numbers = [number for reservation in held for number in reservation.ports.values()]
    for reservation in held:
        reservation.release()
    assert len(set(numbers)) == len(numbers) == 90


def test_a_service_that_reuses_addresses_listens_on_a_held_port() -> None:
    with PortReservation({"kafka": 0}) as held, listener(held.ports["kafka"], reuse=True):
        pass


def test_anybody_else_is_kept_off() -> None:
    with PortReservation({"kafka": 0}) as held, pytest.raises(OSError):
        listener(held.ports["kafka"], reuse=False)


def test_a_taken_port_names_port_and_service() -> None:
    with listener(0, reuse=True) as server:
        number = server.getsockname()[1]
        with pytest.raises(StackError, match=rf"Port {number} for kafka cannot be used") as caught:
            PortReservation({"clickhouse_http": 0, "kafka": number})
    assert "free one" in caught.value.hint


def test_a_number_that_is_no_port_is_refused() -> None:
    with pytest.raises(StackError, match="Port 70000 for kafka"):
        PortReservation({"kafka": 70_000})


def test_a_wanted_port_is_given() -> None:
    with PortReservation({"kafka": 0}) as held:
        number = held.ports["kafka"]
    with PortReservation({"free": 0, "kafka": number}) as again:
        assert again.ports["kafka"] == number
        assert again.ports["free"] != number


def test_release_twice_is_harmless() -> None:
    held = PortReservation({"kafka": 0})
    held.release()
    held.release()
