"""Render an executed notebook as one HTML page that loads nothing: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup

from streamproof.model.formats.templates import templates_of
from streamproof.notebook.shown import stylesheet
from streamproof.report.formatting import writable

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_HEADING = re.compile(r"^(?P<marks>#{1,2})[ \t]+(?P<text>.+?)[ \t]*$", re.MULTILINE)


def notebook_page(book: Any) -> str:
    """Return the page of a notebook: its text, its outputs, and its code folded. `book` is a notebook of format 4."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - installed with the notebook's packages

    # Text of a notebook may not bring HTML of its own.
    markdown = MarkdownIt("commonmark", {"html": False})
    cells = [_cell(cell, number, markdown) for number, cell in enumerate(book.cells)]
    headings = [(found["id"], found["heading"]) for found in cells if found["heading"] and found["level"] == 2]
    title = next((found["heading"] for found in cells if found["heading"]), "Notebook")
    page = templates_of("streamproof.notebook", {}, escape=True).get_template("page.html.j2")
    return writable(page.render(title=title, cells=cells, headings=headings, style=Markup(stylesheet())))  # noqa: S704


def _cell(cell: Any, number: int, markdown: Any) -> dict[str, Any]:
    heading = _HEADING.search(cell.source) if cell.cell_type == "markdown" else None
    is_text = cell.cell_type == "markdown"
    return {
        "id": f"cell-{number}",
        "heading": heading["text"] if heading else "",
        "level": len(heading["marks"]) if heading else 0,
        # The renderer escapes what is not Markdown.
        "markdown": Markup(markdown.render(cell.source)) if is_text else "",  # noqa: S704
        "source": "" if is_text else cell.source,
        "label": "" if is_text else _label(cell),
        "outputs": [] if is_text else [_output(output) for output in cell.outputs],
    }


def _label(cell: Any) -> str:
    """Return what a cell with code is called: its one line, else its id."""
    return str(cell.source if "\n" not in cell.source else cell.id)


def _output(output: Any) -> dict[str, Any]:
    """Return an output as HTML of a cell's own renderer, or as plain text that the template escapes."""
    if output.output_type == "error":
        text = _COLOURS.sub("", "\n".join(output.traceback) or f"{output.ename}: {output.evalue}")
        return {"html": "", "text": text, "is_error": True}
    if output.output_type == "stream":
        return {"html": "", "text": output.text, "is_error": False}
    html = output.data.get("text/html")
    return {
        # Cells show `Shown`, whose template escapes every value.
        "html": Markup(html) if html else "",  # noqa: S704
        "text": "" if html else output.data.get("text/plain", ""),
        "is_error": False,
    }
