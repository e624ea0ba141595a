"""The key of a redaction: from a secret of the user, or random."""

from __future__ import annotations

import hashlib
import secrets

from streamproof.model.errors import UsageError

SHORTEST = 16


def redaction_key(secret: str) -> bytes:
    """Return the key for a secret; for '' a random one, which is written nowhere.

    The same secret gives the same replacements on every machine. With a random key, nobody can repeat a redaction, and
    two redacted sets have no replacement in common. Raises UsageError for a secret that can be guessed.
    """
    if not secret:
        return secrets.token_bytes(32)
    if len(secret) < SHORTEST:
        raise UsageError(
            f"STREAMPROOF_REDACTION_KEY has {len(secret)} characters: it could be guessed.",
            hint=f"Give at least {SHORTEST}, for example by `openssl rand -hex 32`; unset it for a random key.",
        )
    return hashlib.sha256(secret.encode()).digest()
