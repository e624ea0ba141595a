"""JSON files of a run's folder, which may be missing, broken or half written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson


def read_object(path: Path) -> tuple[dict[str, Any] | None, str]:
    """Return the object in a JSON file, or None and the reason why it cannot be read."""
    try:
        found = orjson.loads(path.read_bytes())
    except OSError as error:
        return None, f"{path.name} cannot be read: {error.strerror or error}"
    except orjson.JSONDecodeError as error:
        return None, f"{path.name} is not JSON: {error}"
    return (found, "") if isinstance(found, dict) else (None, f"{path.name} holds no object")
