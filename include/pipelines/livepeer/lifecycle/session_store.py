"""The sessions in memory, in order of their latest signal. Those that are quiet are packed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pipelines.livepeer.lifecycle.attribution import Evidence
from pipelines.livepeer.lifecycle.session import Session
from pipelines.livepeer.lifecycle.signals import Identity
from pipelines.livepeer.lifecycle.state import signals_of

# A signal of a packed session costs a second computation of all its signals.
MOST_OPEN = 4_000


class SessionStore:
    """Sessions by id. At most `most_open` are ready for signals; the others are packed."""

    def __init__(self, most_open: int = MOST_OPEN) -> None:
        self._most_open = most_open
        self._sessions: dict[str, Session] = {}
        # Those that are not packed, in the same order.
        self._open: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._sessions

    def __iter__(self) -> Iterator[Session]:
        """Yield the sessions, that with the oldest signal first."""
        return iter(self._sessions.values())

    def __getitem__(self, session_id: str) -> Session:
        return self._sessions[session_id]

    def get(self, session_id: str) -> Session | None:
        """Return a session, None when it is not in memory."""
        return self._sessions.get(session_id)

    def add(self, session: Session) -> None:
        """Add a session, or move one to the end because it has the latest signal."""
        key = session.identity.session_id
        for sessions in (self._sessions, self._open):
            sessions.pop(key, None)
            sessions[key] = session

    def load(self, entry: list[Any], evidence: list[Evidence], begin: Callable[[Identity], Session]) -> None:
        """Add what `Session.entry` returned, read back, to its session. `begin` makes a session that is not there."""
        *parts, base_version, touched_ms, items = entry
        identity = Identity(*parts)
        session = self.get(identity.session_id) or begin(identity)
        session.base_version, session.touched_ms = base_version, touched_ms
        session.load(signals_of(items, evidence))
        self.add(session)
        self.pack()

    def remove(self, session_id: str) -> Session:
        """Remove a session from memory and return it. Raises KeyError when it is not there."""
        self._open.pop(session_id, None)
        return self._sessions.pop(session_id)

    def oldest(self) -> str:
        """Return the id of the session with the oldest signal. Raises StopIteration when there is none."""
        return next(iter(self._sessions))

    def pack(self) -> None:
        """Pack the open sessions with the oldest signals until at most `most_open` are open."""
        while len(self._open) > self._most_open:
            self._open.pop(next(iter(self._open))).pack()
