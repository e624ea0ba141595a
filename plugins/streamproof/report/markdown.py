"""The run's report as Markdown: for a pull request, a chat, or a terminal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from streamproof.model.results import StageResult
from streamproof.report.page import page_values
from streamproof.report.templating import render


def render_markdown(
    summary: Mapping[str, Any],
    results: Mapping[str, StageResult],
    contracts: Mapping[str, Mapping[str, Any]] | None = None,
    traces: Mapping[str, str] | None = None,
    waiting: Collection[str] = (),
    texts: Mapping[str, str] | None = None,
) -> str:
    """Return the report in GitHub's Markdown; values cannot break out of their table cell.

    `contracts` holds Great Expectations' result documents by table. `traces` holds the files of traced sessions by
    session, relative to the run's folder. `waiting` are the stages that mostly wait for services. `texts` are the SQL
    texts or expectations of the checks by `suite.name`.
    """
    values = page_values(summary, results, contracts or {}, traces or {}, waiting, texts)
    return render("report.md.j2", escape=False, **values)
