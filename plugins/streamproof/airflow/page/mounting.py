"""The page as Airflow mounts it: nothing of it is imported before the first request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

_Message = MutableMapping[str, Any]


class LazyApp:
    """An ASGI app that imports and makes the page's app on the first request.

    Schedulers, workers and DAG processors load plugins too, and never serve a request.
    """

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(
        self,
        scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        """Answer a request."""
        if self._app is None:
            from streamproof.airflow.page.app import make_app

            self._app = make_app()
        await self._app(scope, receive, send)
