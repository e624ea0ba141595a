"""Deduplication: one key per accepted event. Keys expire after a lifetime in processing time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pipelines.livepeer.event import Event, canonical_json, dimensions_of

BY_EVENT_ID = "event_id"
BY_PAYLOAD_HASH = "payload_hash"
LONGEST_KEY = 256


def identify(event: Event) -> None:
    """Set the event's dedup key and strategy: its id, else the hash of type, dimensions and canonical document.

    An id longer than 256 characters is replaced by its SHA-256: keys are kept for a day and stored with every record.
    """
    if event.event_id:
        event.dedup_strategy = BY_EVENT_ID
        key = event.event_id
        event.dedup_key = key if len(key) <= LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()
        return
    event.dedup_strategy = BY_PAYLOAD_HASH
    dims = "|".join("null" if value is None else value for value in dimensions_of(event.data))
    canonical = canonical_json(event.root)
    event.dedup_key = hashlib.sha256(f"{event.event_type}|{dims}|{canonical}".encode()).hexdigest()


class DedupState:
    """The keys of the accepted events, by topic: two topics may use one id for two events.

    A key is 16 bytes of a hash, about 110 bytes of memory with its time of first sight (epoch ms, processing time).
    """

    def __init__(self, ttl_ms: int) -> None:
        self.ttl_ms = ttl_ms
        self._first_seen: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._first_seen)

    @staticmethod
    def digest(topic: str, key: str) -> bytes:
        """Return the compact form of a key within its topic."""
        return hashlib.blake2b(f"{topic}\x00{key}".encode(), digest_size=16).digest()

    def seen(self, digest: bytes, now_ms: int) -> bool:
        """Return whether the key was marked less than one lifetime ago."""
        first_seen = self._first_seen.get(digest)
        return first_seen is not None and now_ms - first_seen < self.ttl_ms

    def mark(self, digest: bytes, now_ms: int) -> None:
        """Remember a key from now on. The caller does so only when the event succeeded and was not seen before."""
        # The removal moves the key to the end: `expire` relies on the dictionary being in order of first sight.
        self._first_seen.pop(digest, None)
        self._first_seen[digest] = now_ms

    def restore(self, entries: Iterable[tuple[str, str, int]]) -> None:
        """Add keys after a restart: (topic, key, first seen in epoch ms) in order of first sight."""
        for topic, key, first_seen in entries:
            self._first_seen.setdefault(self.digest(topic, key), first_seen)

    def expire(self, now_ms: int) -> int:
        """Drop the expired keys and return how many. The cost is proportional to the number of dropped keys."""
        limit = now_ms - self.ttl_ms
        expired = []
        for digest, first_seen in self._first_seen.items():
            if first_seen > limit:
                break
            expired.append(digest)
        for digest in expired:
            del self._first_seen[digest]
        return len(expired)
