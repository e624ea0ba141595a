"""The oracle's decoder against the official one, which it does not use."""

from __future__ import annotations

import databento
import pytest

from packs.market.generator import generate
from packs.market.oracle import decode, read


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("set")
    generate("golden", folder)
    return folder


@pytest.mark.parametrize("schema", ["definition", "ohlcv-1d", "ohlcv-1m", "statistics", "tbbo", "trades"])
def test_every_field_is_what_the_official_decoder_reads(folder, schema):
    path = folder / f"GLBX.MDP3.{schema}.dbn.zst"
    content = read(path)
    store = databento.DBNStore.from_file(path)
    assert (content.dataset, content.schema, content.version) == ("GLBX.MDP3", schema, 3)
    assert {i: [(m.first, m.end, m.symbol) for m in found] for i, found in content.mapped.items()} == {
        int(entry["symbol"]): [(entry["start_date"], entry["end_date"], symbol)]
        for symbol, entries in store.mappings.items()
        for entry in entries
    }
    array = store.to_ndarray()
    assert len(array) == len(content.records) > 0
    names = [name for name in array.dtype.names if name not in ("length", "_reserved")]
    for data, official in zip(content.records, array, strict=True):
        record = decode(content, data)
        for name in names:
            value = official[name].item()
            assert record[name] == (value.decode() if isinstance(value, bytes) else value), name


def test_what_is_not_dbn_is_refused(tmp_path):
    path = tmp_path / "x.dbn"
    path.write_bytes(b"DBN\x09" + bytes(200))
    with pytest.raises(ValueError, match="not DBN of version 1, 2 or 3"):
        read(path)


def test_a_file_that_is_cut_in_a_frame_is_refused(folder, tmp_path):
    path = tmp_path / "cut.dbn.zst"
    path.write_bytes((folder / "GLBX.MDP3.trades.dbn.zst").read_bytes()[:-4])
    with pytest.raises(ValueError, match="is cut off"):
        read(path)
