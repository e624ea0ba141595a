"""Requests to Flink's REST interface. Every failure becomes a FlinkError with a hint; none contains a secret."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import httpx

from streamproof.flink.diagnosis import hint_for, refused_because
from streamproof.model.errors import FlinkError
from streamproof.model.settings import FlinkSettings

CONNECT_TIMEOUT_SEC = 10
# A submission runs the program's main method, and a Python program starts an interpreter first.
READ_TIMEOUT_SEC = 120
_ADDRESS_HINT = "Is it the address of Flink's REST interface (the job manager's port, 8081 by default), and is it up?"
_NO_SUCH_PATH = "Unable to load requested file"
_PATH_HINT = "Has the address a path too many? With web.submit.enable: false, Flink takes no jar."
_LOGIN_HINT = "Set FLINK_USER and FLINK_PASSWORD, or login and password of the Airflow connection."
_TLS_HINT = "Is the scheme right (http or https)? FLINK_CA_CERT names the certificate authority, if it is your own."


class UnreachableError(FlinkError):
    """Nothing answers, or not now: no connection, a time-out, or a job manager that has no leader yet."""


class RefusedError(FlinkError):
    """Flink refused a request. `status` is the HTTP status, `cause` the root cause that Flink names."""

    def __init__(self, message: str, *, hint: str, status: int, cause: str) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.cause = cause


class Rest:
    """One cluster's REST interface; threads may share it. `transport` replaces the network in tests."""

    def __init__(self, settings: FlinkSettings, transport: httpx.BaseTransport | None = None) -> None:
        self.url = settings.url
        self._password = settings.password
        self._http = httpx.Client(
            base_url=settings.url,
            auth=httpx.BasicAuth(settings.user, settings.password) if settings.user else None,
            verify=_tls(settings),
            timeout=httpx.Timeout(READ_TIMEOUT_SEC, connect=CONNECT_TIMEOUT_SEC),
            proxy=settings.proxy,
            # The settings name the proxy. Variables of the environment would also be used for a loopback address.
            trust_env=False,
            transport=transport,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, **query: str) -> Any:
        """Return the JSON document at `path`. Raises UnreachableError, RefusedError or FlinkError."""
        return self._ask("GET", path, params=query)

    def text(self, path: str, *, most: int) -> str:
        """Return the text at `path`, '' when it is longer than `most` bytes. Raises FlinkError when it is not there."""
        content = bytearray()
        try:
            with self._http.stream("GET", path) as response:
                if not response.is_success:
                    raise FlinkError(f"Flink at {self.url} has no {path}.", hint=_PATH_HINT)
                for part in response.iter_bytes():
                    content += part
                    if len(content) > most:
                        return ""
        except httpx.HTTPError as error:
            self._no_connection(error)
        return self._without_secret(content.decode("utf-8", "replace"))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send a JSON document to `path`, and return the answer. Raises as `get`."""
        return self._ask("POST", path, json=dict(body))

    def patch(self, path: str, **query: str) -> Any:
        """Change what is at `path`, and return the answer. Raises as `get`."""
        return self._ask("PATCH", path, params=query)

    def delete(self, path: str) -> Any:
        """Delete what is at `path`, and return the answer. Raises as `get`."""
        return self._ask("DELETE", path)

    def upload(self, path: str, file: Path) -> Any:
        """Send a file to `path` as form field `jarfile`, in parts, and return the answer. Raises as `get`."""
        with file.open("rb") as handle:
            return self._ask("POST", path, files={"jarfile": (file.name, handle, "application/x-java-archive")})

    def _ask(self, method: str, path: str, **parts: Any) -> Any:
        try:
            response = self._http.request(method, path, **parts)
        except httpx.TimeoutException as error:
            raise UnreachableError(
                f"Flink at {self.url} did not answer {method} {path} in time ({type(error).__name__}).",
                hint=_ADDRESS_HINT,
            ) from None
        except httpx.HTTPError as error:
            self._no_connection(error)
        return self._answer(response, method, path)

    def _no_connection(self, error: httpx.HTTPError) -> NoReturn:
        said = self._without_secret(str(error) or type(error).__name__)
        if "SSL" in said or "CERTIFICATE" in said.upper():
            raise FlinkError(f"No TLS connection to Flink at {self.url}: {said}.", hint=_TLS_HINT) from None
        if isinstance(error, httpx.ProtocolError):
            raise FlinkError(f"{self.url} is no HTTP service: {said}.", hint=_ADDRESS_HINT) from None
        raise UnreachableError(f"Flink at {self.url} cannot be reached: {said}.", hint=_ADDRESS_HINT) from None

    def _answer(self, response: httpx.Response, method: str, path: str) -> Any:
        status = response.status_code
        if status in (401, 403, 407):
            raise FlinkError(f"Flink at {self.url} refuses the user (HTTP {status}).", hint=_LOGIN_HINT)
        try:
            document = response.json()
        except ValueError:
            self._not_flink(response)
        if response.is_success:
            return document
        errors = document.get("errors") if isinstance(document, dict) else None
        if not isinstance(errors, list):
            self._not_flink(response)
        cause = self._without_secret(refused_because([str(error) for error in errors]))
        if status == 503:
            raise UnreachableError(f"Flink at {self.url} is not ready: {cause}", hint="It may be electing a leader.")
        if cause.startswith(_NO_SUCH_PATH):
            raise FlinkError(f"Flink at {self.url} has no {path}.", hint=_PATH_HINT)
        raise RefusedError(
            f"Flink at {self.url} refused {method} {path} (HTTP {status}): {cause}",
            hint=hint_for(cause),
            status=status,
            cause=cause,
        )

    def _not_flink(self, response: httpx.Response) -> NoReturn:
        kind = response.headers.get("content-type", "no content type").partition(";")[0]
        problem = (FlinkError, "is not the REST interface of Flink")
        if response.status_code in (502, 503, 504):
            problem = (UnreachableError, "has no Flink behind it at present")
        raise problem[0](f"{self.url} {problem[1]}: HTTP {response.status_code}, {kind}.", hint=_ADDRESS_HINT)

    def _without_secret(self, text: str) -> str:
        return text.replace(self._password, "***") if self._password else text


def _tls(settings: FlinkSettings) -> ssl.SSLContext | bool:
    """Return how the server's certificate is verified. Raises FlinkError for a file without certificates."""
    if not settings.secure:
        return False
    if not settings.verify:
        return False
    try:
        return ssl.create_default_context(cafile=settings.ca_cert)
    except (OSError, ssl.SSLError) as error:
        raise FlinkError(f"{settings.ca_cert} holds no certificates: {error}.", hint=_TLS_HINT) from None
