"""The run's report as one HTML file that loads nothing from the network."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection, Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from streamproof.model.results import StageResult
from streamproof.report.page import page_values
from streamproof.report.templating import render


def render_html(
    summary: Mapping[str, Any],
    results: Mapping[str, StageResult],
    contracts: Mapping[str, Mapping[str, Any]] | None = None,
    traces: Mapping[str, str] | None = None,
    waiting: Collection[str] = (),
    texts: Mapping[str, str] | None = None,
) -> str:
    """Return the page, without external resources. Links are relative to the run's folder.

    Its one script searches the checks; everything is readable without it, and no other script may run.

    `contracts` holds Great Expectations' result documents by table. `traces` holds the page or trace of each
    session that has one, relative to the run's folder. `waiting` are the stages that mostly wait for services. `texts`
    are the SQL texts or expectations of the checks by `suite.name`.
    """
    values = page_values(summary, results, contracts or {}, traces or {}, waiting, texts)
    return render("report.html.j2", escape=True, script=_script(), **values)


@cache
def _script() -> dict[str, str]:
    """Return the page's own script, and the hash by which the page allows it and no other script."""
    text = files("streamproof.report").joinpath("templates", "report.js").read_text(encoding="utf-8")
    digest = b64encode(sha256(text.encode("utf-8")).digest()).decode("ascii")
    return {"text": Markup(text), "hash": f"sha256-{digest}"}  # noqa: S704 - a file of this package
