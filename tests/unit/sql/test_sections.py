"""The sections that a pack adds to the notebook."""

from __future__ import annotations

import pytest

from streamproof.model.errors import SqlSourceError
from streamproof.packs.loading import load_pack
from streamproof.sql.sections import read_sections

TEXT = """-- SECTION: By hour
-- What the rows mean,
-- on two lines.
-- BARS: a, b

-- QUERY: 01_hours
SELECT 1 AS a, 2 AS b;
"""


def write(folder, text, name="01_hours.sql"):
    (folder / "notebook").mkdir(exist_ok=True)
    (folder / "notebook" / name).write_text(text, encoding="utf-8")


def test_a_section_has_title_guidance_bars_and_one_query(tmp_path):
    write(tmp_path, TEXT)
    (section,) = read_sections(tmp_path)
    assert (section.title, section.guidance, section.bars) == (
        "By hour",
        "What the rows mean, on two lines.",
        ("a", "b"),
    )
    assert section.query.sql == "SELECT 1 AS a, 2 AS b"


def test_a_pack_without_the_folder_has_no_sections(tmp_path):
    assert read_sections(tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT.replace("-- SECTION: By hour\n", ""), "has no line `-- SECTION: title`"),
        (TEXT.replace("By hour", ""), "has no line `-- SECTION: title`"),
        (f"{TEXT}-- QUERY: two\nSELECT 1;\n", "does not hold exactly one QUERY block"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path, text, message):
    write(tmp_path, text)
    with pytest.raises(SqlSourceError, match=message) as caught:
        read_sections(tmp_path)
    assert "01_hours.sql:" in caught.value.message


@pytest.mark.parametrize("name", ["livepeer", "market"])
def test_the_sections_of_the_shipped_packs_can_be_read(home, name):
    pack = load_pack(home, name)
    sections = read_sections(pack.sql_dir, home=home, dialect=pack.dialect)
    assert "Schema sanity" in {section.title for section in sections}
    assert all(section.guidance for section in sections)
