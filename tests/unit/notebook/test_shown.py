"""What a cell shows: escaped, cut, drawn, and the same as text."""

from __future__ import annotations

from streamproof.notebook.page import notebook_page
from streamproof.notebook.shown import Part, Shown, Table, cell_text

HOSTILE = "<script>alert(1)</script>"


def test_values_headings_and_captions_are_escaped():
    table = Table.of(HOSTILE, [{HOSTILE: HOSTILE}])
    shown = Shown((Part(HOSTILE, (HOSTILE,), (table,), folded=True, parts=(Part(HOSTILE),)),))
    assert "<script" not in shown._repr_html_()
    assert shown._repr_html_().count("&lt;script&gt;") == 7
    assert str(shown).count(HOSTILE) == 6


def test_a_cut_table_says_how_many_rows_there_are():
    table = Table.of("rows", [{"n": n} for n in range(20)], total=1_500)
    assert table.note == "the first 20 of 1,500 rows"
    assert table.cut(3).note == "the first 3 of 1,500 rows"
    assert table.cut(None) is table
    assert Table.of("", [{"n": 1}]).note == "1 row"


def test_bars_are_relative_to_the_greatest_number_of_their_column():
    table = Table.of("", [{"n": 5, "text": "a"}, {"n": 10, "text": "b"}, {"n": None, "text": "c"}], bars=("n",))
    assert [table.share("n", row) for row in table.rows] == [50.0, 100.0, None]
    assert table.share("text", table.rows[0]) is None
    assert '<i style="width:50.0%">' in Shown((Part(tables=(table,)),))._repr_html_()


def test_bars_of_zeros_have_no_length():
    table = Table.of("", [{"n": 0}, {"n": -1}], bars=("n",))
    assert [table.share("n", row) for row in table.rows] == [0.0, 0.0]


def test_a_part_is_open_folded_or_neither():
    html = Shown((Part("a", folded=False, group="g"), Part("b", folded=True), Part("c")))._repr_html_()
    assert '<details class="sp-part" name="g" open>' in html
    assert '<details class="sp-part">' in html
    assert '<section class="sp-part">' in html


def test_backticks_become_code_and_bring_no_html():
    html = Shown((Part(text=("look at `a<b` and <i>",)),))._repr_html_()
    assert "<p>look at <code>a&lt;b</code> and &lt;i&gt;</p>" in html


def test_cells_are_short_and_rounded():
    assert cell_text(None) == "\N{EN DASH}"
    assert cell_text(12345) == "12345"
    assert cell_text(0.123456) == "0.1235"
    assert len(cell_text("x" * 2000)) == 1001


class Cell(dict):
    """A cell or an output as nbformat gives it: keys are attributes, too."""

    __getattr__ = dict.__getitem__


def test_the_page_loads_nothing_and_escapes_what_cells_print():
    outputs = [
        Cell(output_type="stream", text=HOSTILE),
        Cell(output_type="execute_result", data={"text/plain": HOSTILE}),
        Cell(output_type="error", ename="ValueError", evalue=HOSTILE, traceback=["\x1b[31mValueError\x1b[0m"]),
    ]
    cells = [
        Cell(cell_type="markdown", source=f"# A title\n\n{HOSTILE}"),
        Cell(cell_type="markdown", source="## Verdict"),
        Cell(cell_type="code", source=f"print('{HOSTILE}')", outputs=outputs),
    ]
    page = notebook_page(Cell(cells=cells))
    assert "<title>A title</title>" in page
    assert '<a href="#cell-1">Verdict</a>' in page
    assert "<script" not in page
    assert '<pre class="error">ValueError</pre>' in page
    assert not any(word in page for word in ("http://", "https://", "src=", "@import", "url("))
