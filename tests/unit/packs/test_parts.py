"""Python parts of a pack come from its own folder."""

from __future__ import annotations

import sys

import pytest

from streamproof.model.errors import UsageError
from streamproof.packs.loading import read_pack
from streamproof.packs.parts import import_part

TEXT = "name: n\ntitle: t\nwarehouse: w\ntransport: k\ntopics: {input: i}\nlayers: {raw: [r]}\ngenerator: "


@pytest.fixture
def pack_with(tmp_path, monkeypatch):
    """The function that makes a pack of one folder with a generator of some text."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def make(name: str, content: str | None):
        (tmp_path / "pack.yaml").write_text(TEXT + name + "\n", encoding="utf-8")
        if content is not None:
            (tmp_path / f"{name}.py").write_text(content, encoding="utf-8")
        return read_pack(tmp_path / "pack.yaml", tmp_path / "project")

    return make


def test_a_module_beside_the_pack_is_found(pack_with):
    pack = pack_with("some_generator_of_one_pack", "KINDS = ('few',)\n")

    assert import_part(pack, "generator", ("KINDS",)).KINDS == ("few",)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("some_generator_that_is_not_there", None, "cannot be imported"),
        ("some_generator_without_kinds", "", "has no KINDS"),
        ("json", "KINDS = ()\n", "not of the pack"),
        ("''", None, "has no generator"),
    ],
)
def test_what_is_wrong_with_a_part_is_reported(pack_with, name, content, says):
    with pytest.raises(UsageError, match=says) as refused:
        import_part(pack_with(name, content), "generator", ("KINDS",))
    assert refused.value.hint
