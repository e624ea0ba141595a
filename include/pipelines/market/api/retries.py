"""Retries: the client repeats nothing by itself. What may pass is tried again; what will not is one clear error."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import databento
import requests
import tenacity
from databento.common.error import BentoError, BentoHttpError

from pipelines.market.errors import BadInputError, IncompleteDownloadError, PipelineError

_LOG = logging.getLogger(__name__)
_RETRYABLE = frozenset({408, 429, 500, 502, 503, 504})
# A service that asks for a longer pause than this is not waited for.
MAX_PAUSE_SECONDS = 60.0
_HINTS = {
    401: "Check DATABENTO_API_KEY.",
    402: "The account has no credit left for this request.",
    403: "The key has no licence for this data set.",
    404: "Check the address of the gateway.",
    422: "Check the data set, its symbols and the range of the job.",
}
T = TypeVar("T")


class Retries:
    """Calls a function again after a failure that may pass, with waits that double from `backoff_seconds` on.

    A service that says `Retry-After` is waited for as long as it says.
    """

    def __init__(self, attempts: int, backoff_seconds: float) -> None:
        self._attempts = attempts
        self._exponential = tenacity.wait_exponential_jitter(
            multiplier=backoff_seconds, max=MAX_PAUSE_SECONDS, jitter=backoff_seconds / 4
        )

    def call(self, what: str, function: Callable[[], T]) -> T:
        """Return what the function returns. Raises PipelineError, or BadInputError where the request is to blame."""
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=self._wait,
            retry=tenacity.retry_if_exception(is_passing),
            before_sleep=lambda state: _report(what, state),
            reraise=True,
        )
        try:
            return retrying(function)
        except (BentoError, requests.RequestException, IncompleteDownloadError) as error:
            raise explained(what, error, int(retrying.statistics["attempt_number"])) from error

    def _wait(self, state: tenacity.RetryCallState) -> float:
        asked = retry_after(state.outcome.exception() if state.outcome else None)
        return self._exponential(state) if asked is None else asked


def is_passing(error: BaseException) -> bool:
    """Return whether a failure may be gone at the next attempt."""
    if isinstance(error, BentoHttpError):
        asked = retry_after(error)
        return error.http_status in _RETRYABLE and (asked is None or asked <= MAX_PAUSE_SECONDS)
    if isinstance(error, requests.exceptions.SSLError):
        return False
    return isinstance(error, BentoError | requests.RequestException | IncompleteDownloadError)


def retry_after(error: BaseException | None) -> float | None:
    """Return the seconds that a service asks to wait, None where it asks for none (or for a date)."""
    headers = getattr(error, "headers", None) or {}
    text = str(headers.get("Retry-After", "")).strip()
    return float(text) if text.isascii() and text.isdigit() else None


def explained(what: str, error: Exception, attempts: int) -> PipelineError:
    """Return the error of the program for one of the client, after so many attempts."""
    tried = f"It was tried {attempts} {'time' if attempts == 1 else 'times'}."
    if isinstance(error, BentoHttpError):
        message = f"{what}: the service answered {error.http_status}: {' '.join(str(error.message).split())}"
        if isinstance(error, databento.BentoClientError) and error.http_status not in _RETRYABLE:
            return BadInputError(message, hint=_HINTS.get(error.http_status, "Check the request."))
        return PipelineError(message, hint=f"{tried} Start again later: what is loaded is kept.")
    if isinstance(error, requests.exceptions.SSLError):
        return PipelineError(
            f"{what}: the certificate of the gateway is not trusted.",
            hint="Set REQUESTS_CA_BUNDLE to the file of its certificate authority.",
        )
    if isinstance(error, requests.ConnectionError):
        return PipelineError(
            f"{what}: the gateway does not answer.",
            hint=f"{tried} Check DATABENTO_GATEWAY and the network.",
        )
    return PipelineError(
        f"{what}: {' '.join(str(error).split()) or type(error).__name__}",
        hint=f"{tried} Start again later: what is loaded is kept.",
    )


def _report(what: str, state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    pause = state.next_action.sleep if state.next_action else 0.0
    _LOG.warning("%s failed (%s); attempt %d follows in %.1f s", what, _short(error), state.attempt_number + 1, pause)


def _short(error: BaseException | None) -> str:
    status = getattr(error, "http_status", None)
    return f"status {status}" if status else " ".join(str(error).split())[:200]
