"""Saving projections to files: what is written, and what an error of one does to the others."""

from __future__ import annotations

import pytest

from streamproof.content.saving import MOST_FAILURES, read_index, save_content, write_index
from streamproof.model.content import SavedContent, SavedTable
from streamproof.model.errors import WarehouseError
from streamproof.sql.projections import read_projections


class Saver:
    """A warehouse that writes the SQL itself, and refuses what holds `broken`."""

    def __init__(self):
        self.asked = []

    def save_rows(self, sql, file, *, source):
        self.asked.append(source)
        if "broken" in sql:
            raise WarehouseError(f"{source}: refused.", hint="")
        if "full" in sql:
            raise OSError(28, "No space left on device")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(sql)


@pytest.fixture
def save(tmp_path):
    def save(*names, sql="SELECT 1"):
        (tmp_path / "p.sql").write_text("\n".join(f"-- QUERY: {name}\n{sql} AS {name};" for name in names))
        projections = read_projections(tmp_path, {"typed": names}, home=tmp_path)
        lines, saver = [], Saver()
        found = save_content(saver, projections, tmp_path / "content", pack="shop", log=lines.append)
        return found, lines, saver

    return save


def test_each_projection_has_a_file_in_the_folder_of_its_layer(save, tmp_path):
    found, lines, _ = save("orders", "carts")
    assert [table.name for table in found.tables] == ["orders", "carts"]
    assert (tmp_path / "content" / found.tables[1].file).read_text() == "SELECT 1 AS carts"
    assert found.tables[1].file == "typed/02_carts.parquet"
    assert (found.not_saved, found.notice, lines) == ({}, "", [])


def test_an_error_is_logged_named_and_hides_no_other(save):
    found, lines, _ = save("orders", "broken", "carts")
    assert [table.name for table in found.tables] == ["orders", "carts"]
    assert found.not_saved == {"broken": "Projection broken (p.sql:3): refused."}
    assert lines == ["typed.broken is not saved: Projection broken (p.sql:3): refused."]
    assert found.notice.startswith("The content of broken was not saved, so `streamproof diff` cannot compare this run")


def test_a_full_disk_is_such_an_error(save):
    found, _, _ = save("full")
    assert "No space left on device" in found.not_saved["full"]


def test_a_warehouse_that_refuses_everything_is_left_alone(save):
    names = [f"t{number}" for number in range(20)]
    found, _, saver = save(*names, sql="SELECT 'broken'")
    assert len(saver.asked) <= MOST_FAILURES + 1
    assert (found.tables, set(found.not_saved)) == ((), set(names))


def test_what_was_there_before_is_gone(save, tmp_path):
    save("orders", "carts")
    save("carts")
    assert [path.name for path in (tmp_path / "content").rglob("*.parquet")] == ["01_carts.parquet"]


def test_the_index_is_read_as_it_was_written(tmp_path):
    content = SavedContent("shop", (SavedTable("raw", "a b", "raw/01_a_b.parquet"),), {"x": "why"})
    assert read_index(tmp_path) is None
    write_index(tmp_path, content)
    assert read_index(tmp_path) == content
