"""A redacted set holds nothing of the original, in no form, and everything that its classification depends on."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamproof.curation.redacting import redact_set
from streamproof.fixtures.verify import check_fixture_set
from streamproof.model.errors import FixtureError, UsageError
from streamproof.packs.pack import Pack
from streamproof.redaction import RedactionRules
from tests.unit.fixtures.conftest import SmallSet, event

KEY = b"a key of the tests, long enough!"
# What identifies somebody in the shipped sets, by its form or by the field that holds it.
FORMS = re.compile(
    r"0x[0-9a-fA-F]{40}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|strm-[0-9a-f]+|gw-[a-z]+-\d|[\w-]+\.orch\.example"
)
FIELDS = re.compile(r'\\*"(?:request_id|requestID|sessionID|ID|prompt|last_params_hash|message)\\*":\\*"([^"\\]{6,})')


def whole(folder: Path) -> str:
    """Everything that a set holds as one text: names and contents of files, with base64 decoded in addition."""
    texts = []
    for file in sorted(folder.rglob("*")):
        texts.append(str(file.relative_to(folder)))
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            texts.append(text)
            for found in re.findall(r'"base64":"([^"]*)"', text):
                texts.append(base64.b64decode(found).decode("latin-1"))
    return "\n".join(texts).lower()


def originals(folder: Path, pack: Pack) -> set[str]:
    """The sensitive texts of a set, in lower case."""
    text = whole(folder)
    kept = {phrase.lower() for phrase in pack.redaction.keep_texts}
    return {found.lower() for found in (*FORMS.findall(text), *FIELDS.findall(text))} - kept


def encodings(text: str) -> Iterator[str]:
    """The text, and what base64 makes of it at each of the three places where it may begin."""
    yield text
    for before in range(3):
        encoded = base64.b64encode(b"-" * before + text.encode()).decode()
        yield encoded[4 * bool(before) : -4].lower()


def left(secrets: set[str], folder: Path) -> list[str]:
    """The secrets of which a set still holds some form."""
    text = whole(folder)
    return sorted(secret for secret in secrets if any(form in text for form in encodings(secret) if len(form) > 5))


@pytest.mark.parametrize("name", ["golden", "hostile"])
def test_nothing_of_a_shipped_set_is_left(pack, tmp_path, name):
    manifest = pack.manifest(name)
    report = redact_set(pack, manifest, tmp_path / "out", KEY)
    secrets = originals(manifest.parent, pack)
    assert len(secrets) > 200
    assert left(secrets, manifest.parent) == sorted(secrets)
    assert left(secrets, tmp_path / "out") == []
    before = check_fixture_set(manifest, rules=pack.replay)
    assert report.problems == ()
    for part in ("events", "by_type", "by_scenario", "expected", "value_bytes", "window", "notices"):
        assert getattr(report, part) == getattr(before, part)
    written = json.loads((tmp_path / "out/manifest.json").read_text(encoding="utf-8"))
    assert written["metadata"]["redacted"] is True
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_joins_survive_across_files(pack, tmp_path):
    manifest = pack.manifest("golden")
    redact_set(pack, manifest, tmp_path / "out", KEY)
    for form in (r"0x[0-9a-f]{40}", r"gpu-[0-9a-f-]{36}", r"https://[^\"\\]*"):
        before, after = (re.findall(form, whole(folder)) for folder in (manifest.parent, tmp_path / "out"))
        assert len(set(after)) == len(set(before)) > 3
        assert sorted(after.count(one) for one in set(after)) == sorted(before.count(one) for one in set(before))


def test_the_same_key_gives_the_same_bytes_and_another_does_not(pack, tmp_path):
    for folder, key in (("one", KEY), ("same", KEY), ("other", KEY[::-1])):
        redact_set(pack, pack.manifest("golden"), tmp_path / folder, key)
    one, same, other = (whole(tmp_path / folder) for folder in ("one", "same", "other"))
    assert one == same != other


def test_malformed_lines_stay_malformed_and_what_a_manifest_says_more_is_redacted(pack, small: SmallSet, tmp_path):
    small.files["scenario_1/strm-77.jsonl"] = [event(1, data='{"stream_id":"strm-77"}'), '{"id": "strm-77', "strm-77"]
    small.manifest |= {"source": {"host": "ch.prod.example", "pack": "shop"}, "note": "by strm-77"}
    report = redact_set(shop(pack), small.write(), tmp_path / "out", KEY)
    assert [line.line for line in report.bad_lines] == [2, 3]
    text = whole(tmp_path / "out")
    assert "strm-77" not in text
    assert "prod.example" not in text
    assert json.loads((tmp_path / "out/manifest.json").read_text(encoding="utf-8"))["source"]["pack"] == "shop"


def test_a_file_of_two_scenarios_stays_one(pack, small: SmallSet, tmp_path):
    small.files["scenario_1/strm-77.jsonl"] = [event(1)]
    manifest = small.write()
    data = json.loads(manifest.read_text(encoding="utf-8"))
    data["scenarios"]["scenario_2"] = data["scenarios"]["scenario_1"]
    manifest.write_text(json.dumps(data), encoding="utf-8")
    redact_set(shop(pack), manifest, tmp_path / "out", KEY)
    assert len(list((tmp_path / "out").rglob("*.jsonl"))) == 1


def shop(pack: Pack) -> Pack:
    """A pack whose events are those of `SmallSet`."""
    rules = pack.replay.model_copy(update={"event_table": "events", "scenarios": (), "pack": "shop"})
    return pack.model_copy(update={"replay": rules, "redaction": RedactionRules(keep=("type",))})


def test_what_cannot_be_redacted(pack, small: SmallSet, tmp_path):
    small.files["scenario_1/a.jsonl"] = [event(1)]
    manifest = small.write()
    small.folder.joinpath("scenario_1/a.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(FixtureError, match="checksum"):
        redact_set(shop(pack), manifest, tmp_path / "out", KEY)
    small.write()
    with pytest.raises(UsageError, match="is there already"):
        redact_set(shop(pack), manifest, tmp_path, KEY)
    replacing = shop(pack).model_copy(update={"redaction": RedactionRules(replace=(".type",))})
    with pytest.raises(FixtureError, match="by_type") as caught:
        redact_set(replacing, manifest, tmp_path / "out", KEY)
    assert "`keep`" in caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_the_set_of_another_pack_is_refused(pack, small: SmallSet, tmp_path):
    small.files["scenario_1/a.jsonl"] = [event(1)]
    small.manifest["source"] = {"pack": "bakery"}
    with pytest.raises(FixtureError, match="is a fixture set of pack 'bakery', not of 'shop'") as caught:
        check_fixture_set(small.write(), rules=shop(pack).replay)
    assert caught.value.hint == "Give --pack bakery."
