"""Guards: the client takes some downloads for whole that are not. Each of these is found before a row is made."""

from __future__ import annotations

from pathlib import Path

import zstandard

from pipelines.market.errors import IncompleteDownloadError

_BLOCK = 1 << 20


def require_whole_frames(file: Path) -> None:
    """Require that every zstd frame of a file is finished and its checksum holds. Raises IncompleteDownloadError."""
    with file.open("rb") as stream:
        decompressor = zstandard.ZstdDecompressor().decompressobj()
        fed = False
        while block := stream.read(_BLOCK):
            while block:
                fed = True
                try:
                    decompressor.decompress(block)
                except zstandard.ZstdError as error:
                    raise IncompleteDownloadError(f"the download is damaged: {error}") from None
                block = decompressor.unused_data if decompressor.eof else b""
                if decompressor.eof:
                    decompressor, fed = zstandard.ZstdDecompressor().decompressobj(), False
    if fed or not file.stat().st_size:
        raise IncompleteDownloadError("the download ends in the middle of a frame")


def require_count(seen: int, announced: int) -> None:
    """Require as many records as the service announced. Raises IncompleteDownloadError.

    A stream that is cut between two records and ends well looks whole in every other way.
    """
    if seen != announced:
        raise IncompleteDownloadError(f"{seen} records came, {announced} were announced")
