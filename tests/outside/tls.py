"""A certificate of an authority that nobody knows, and a proxy that speaks TLS in front of a port that does not."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

BLOCK = 1 << 16


@dataclass(frozen=True)
class Certificate:
    """Files in PEM: the authority, and its certificate for 127.0.0.1 behind the key."""

    authority: Path
    key_and_certificate: Path


def write_certificate(folder: Path) -> Certificate:
    """Make an authority and a certificate in a folder."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    # Kafka reads no other form of a key.
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files = Certificate(folder / "authority.pem", folder / "key_and_certificate.pem")
    files.authority.write_bytes(authority.cert_pem.bytes())
    files.key_and_certificate.write_bytes(b"".join((key_pem, *(blob.bytes() for blob in issued.cert_chain_pems))))
    return files


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while block := await source.read(BLOCK):
            target.write(block)
            await target.drain()
    except OSError:
        pass  # one side has hung up: so does the other
    finally:
        target.close()


@contextmanager
def tls_proxy(certificate: Certificate, port: int) -> Iterator[int]:
    """Serve TLS on a free port of 127.0.0.1, pass everything on to `port`, and give the free port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.key_and_certificate)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pass_on(reader, inner_writer), _pass_on(inner_reader, writer))

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever, name="tls proxy", daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()
