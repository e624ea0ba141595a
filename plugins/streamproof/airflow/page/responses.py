"""Answers of the page: pages that only show, and problems as a page or as JSON."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from streamproof.airflow.page.addresses import PREFIX
from streamproof.airflow.page.templating import render

# No script at all, and nothing from elsewhere. Airflow's UI may show the page in a frame.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page. Its links begin with the address at which Airflow mounted the app."""
    base = str(request.scope.get("root_path", ""))
    html = render(template, base=base, airflow=base.removesuffix(PREFIX), **values)
    return HTMLResponse(html, status, HEADERS)


def problem(request: Request, status: int, message: str, *, hint: str = "", login: str = "") -> Response:
    """Return a problem: as a page to a browser, else as JSON like Airflow's own API. `login` is where to log in."""
    if "text/html" in request.headers.get("accept", ""):
        return page(request, "problem.html.j2", status=status, message=message, hint=hint, login=login)
    return JSONResponse({"detail": f"{message} {hint}".strip()}, status, HEADERS)
