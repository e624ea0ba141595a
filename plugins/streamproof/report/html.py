"""The run's report as one HTML file that loads nothing from the network."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from streamproof.model.results import StageResult
from streamproof.report.page import page_values
from streamproof.report.templating import render


def render_html(
    summary: Mapping[str, Any],
    results: Mapping[str, StageResult],
    contracts: Mapping[str, Mapping[str, Any]] | None = None,
    traces: Mapping[str, str] | None = None,
    waiting: Collection[str] = (),
) -> str:
    """Return the page, without scripts or external resources. Links are relative to the run's folder.

    `contracts` holds Great Expectations' result documents by table. `traces` holds the files of traced sessions by
    session, relative to the run's folder. `waiting` are the stages that mostly wait for services.
    """
    return render(
        "report.html.j2", escape=True, **page_values(summary, results, contracts or {}, traces or {}, waiting)
    )
