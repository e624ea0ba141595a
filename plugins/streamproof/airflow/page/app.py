"""The page's FastAPI app: its addresses, and how errors are answered."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from streamproof.airflow.page.access import login_address
from streamproof.airflow.page.comparing import router as comparing
from streamproof.airflow.page.responses import problem
from streamproof.airflow.page.views import router as views
from streamproof.model.errors import StreamproofError

_MESSAGES = {
    401: "You are not logged in to Airflow.",
    403: "Airflow does not allow this.",
    404: "There is no such page.",
}


def make_app() -> FastAPI:
    """Return the app. Every address of it asks Airflow who the user is."""
    app = FastAPI(title="Streamproof runs", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(views)
    app.include_router(comparing)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(StreamproofError, _broken)
    return app


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for this class only
    is_told = error.status_code == 401 or error.detail in ("Not Found", "Forbidden")
    message = _MESSAGES.get(error.status_code, str(error.detail)) if is_told else str(error.detail)
    login = ""
    if error.status_code == 401:
        query = f"?{request.url.query}" if request.url.query else ""
        login = login_address(f"{request.url.path}{query}")
    return problem(request, error.status_code, message, login=login)


def _not_understood(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - it is registered for this class only
    first = error.errors()[0]
    return problem(request, 422, f"The address has a wrong '{first['loc'][-1]}': {first['msg']}.")


def _broken(request: Request, error: Exception) -> Response:
    """Answer for settings of this server that are wrong."""
    assert isinstance(error, StreamproofError)  # noqa: S101 - it is registered for this class only
    return problem(request, 503, error.message, hint=error.hint)
