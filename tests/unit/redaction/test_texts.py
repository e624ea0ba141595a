"""Forms of texts: what stays, and that equal parts stay equal and others do not become equal."""

from __future__ import annotations

import re
import uuid
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.redaction.texts import Texts
from streamproof.redaction.words import Words, is_sign

TEXTS = Texts(b"a fixed key", ("GPU", "no route"))
WORDS = Words(b"a fixed key")
HEX = "0123456789abcdef"
ADDRESSES = st.text(HEX + HEX.upper(), min_size=40, max_size=40).map("0x{}".format)
ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


def redacted(text: str) -> str:
    return TEXTS.redacted(text)


@given(ADDRESSES)
def test_an_address_keeps_prefix_length_and_case(address):
    new = redacted(address)
    assert re.fullmatch("0x[0-9a-fA-F]{40}", new)
    assert new != address
    assert redacted(address.lower()) == new.lower()
    digits = address[2:].upper()
    assert redacted(f"0x{digits}")[2:].lower() == new[2:].lower()
    if any(char.isalpha() for char in address[2:]):
        assert (digits == address[2:]) == (new[2:] == new[2:].upper())


@given(st.uuids())
def test_a_uuid_stays_one_with_and_without_separators(value):
    new = uuid.UUID(redacted(str(value)))
    assert (new.version, new.variant, len(redacted(str(value)))) == (value.version, value.variant, 36)
    assert new != value
    assert redacted(str(value).upper()) == str(new).upper()
    if value.version is not None and re.search("[a-f]", value.hex):
        assert redacted(value.hex) == new.hex


@given(st.ip_addresses())
def test_an_ip_address_stays_one_of_its_version(address):
    new = redacted(str(address))
    assert ip_address(new).version == address.version
    assert len(new) == len(str(address))
    assert redacted(f"from {address}, port 80").endswith(new + redacted(", port 80"))


@given(ANY_TEXT)
def test_lengths_separators_and_blanks_stay(text):
    new = redacted(text)
    assert len(new) == len(text)
    for before, after in zip(text, new, strict=True):
        assert len(before.encode()) == len(after.encode())
        if not before.isalnum() and not is_sign(before):
            assert after == before
        assert (before.isalnum(), is_sign(before)) == (after.isalnum(), is_sign(after))
    assert redacted(text) == new
    assert Texts(b"a fixed key", ("GPU", "no route")).redacted(text) == new


@pytest.mark.parametrize(
    "text", ["\U0001f600\U0001f431", "\u2603", "e\u0301\u0308", "\ue000\uf8ff", "\U0001f1e9\U0001f1ea"]
)
def test_signs_say_nothing_any_more(text):
    new = redacted(text)
    assert new != text
    assert redacted(f"strm-{text}") == f"{redacted('strm')}-{new}"
    assert not set(TEXTS.redacted(f"a prompt with {text} in it", "text")) & {char for char in text if is_sign(char)}


def test_no_two_signs_share_a_replacement():
    signs = [char for char in map(chr, range(0x2190, 0x2600)) if is_sign(char)]
    assert len({redacted(char) for char in signs}) == len(signs) > 900


@given(*[st.from_regex(r"[a-z]{2,6}[-_][0-9a-z]{2,8}", fullmatch=True)] * 2)
def test_two_ids_never_get_one_replacement(one, other):
    assert (redacted(one) == redacted(other)) == (one == other)


@pytest.mark.parametrize("words", [[f"{number:03d}" for number in range(1000)], [f"a{char}" for char in HEX[10:]]])
def test_words_of_a_form_are_permuted(words):
    assert len({WORDS.replaced(word) for word in words}) == len(words)


@given(st.from_regex(r"strm-[0-9a-f]{8}", fullmatch=True), st.from_regex(r"[0-9a-f]{8}", fullmatch=True))
def test_an_id_is_the_same_alone_in_a_pair_in_a_url_and_in_prose(stream, request_id):
    new, other = redacted(stream), redacted(request_id)
    assert redacted(f"{stream}|{request_id}") == f"{new}|{other}"
    assert redacted(f"{stream}_{request_id}.jsonl").startswith(f"{new}_{other}.")
    assert f"/{new}?id={other}" in redacted(f"https://a.example:80/{stream}?id={request_id}").replace(
        redacted("id") + "=", "id="
    )
    assert f" {new} " in TEXTS.redacted(f"the stream {stream} has ended", "text")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("https://plain.orch.example:8935/live", r"https://[a-z]{5}\.[a-z]{4}\.[a-z]{7}:8935/[a-z]{4}"),
        ("rtmp://me:secret1@10.1.2.3:1935/x", r"rtmp://[a-z]{2}:[a-z]{6}\d@\d\d\.\d\.\d\.\d:1935/[a-z]"),
        ("https://node7:8935/", r"https://[a-z]{4}\d:8935/"),
        ("plain.orch.example:8935", r"[a-z]{5}\.[a-z]{4}\.[a-z]{7}:8935"),
        ("10.0.0.1:80", r"\d\d\.\d\.\d\.\d:80"),
        ("[2001:db8::1]:8935", r"\[[0-9a-f]{4}:[0-9a-f]{3}::[0-9a-f]\]:\d{4}"),
        ("aa:bb:cc:dd:ee:ff", r"([0-9a-f]{2}:){5}[0-9a-f]{2}"),
        ("GPU-185f9405-0b85-4e01-9333-58219b9d01af", r"GPU-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-9[0-9a-f]{3}-.{12}"),
        ("No route to plain.orch.example", r"No route [a-z]{2} [a-z]{5}\.[a-z]{4}\.[a-z]{7}"),
        ("bob@example.com", r"[a-z]{3}@[a-z]{7}\.[a-z]{3}"),
        ("a%20b%41", r"[a-z]%20[a-z]%[0-9a-f]{2}"),
        ("0x1", r"0x[0-9a-f]"),
        ("007", r"0\d\d"),
    ],
)
def test_forms(text, form):
    new = redacted(text)
    assert re.fullmatch(form, new), new
    assert new != text


@pytest.mark.parametrize("text", ["", "  ", "2026-02-28T21:05:12Z", "2026-02-28 21:05:12.123", "…", "\u00a0"])
def test_blanks_and_times_stay(text):
    assert redacted(text) == text


def test_the_host_of_a_url_and_the_bare_host_are_one():
    host = redacted("plain.orch.example")
    assert redacted("https://plain.orch.example:8935/a").startswith(f"https://{host}:8935/")
    assert redacted("wss://PLAIN.orch.example") == f"wss://{host[:5].upper()}{host[5:]}"


def test_equal_prose_stays_equal_and_its_words_do_not():
    one, other = ("a lighthouse at dusk", "a lighthouse at dawn")
    assert TEXTS.redacted(one, "text") == TEXTS.redacted(one, "text")
    assert TEXTS.redacted(one, "text").split()[1] != TEXTS.redacted(other, "text").split()[1]
    assert redacted(one).split()[1] == redacted(other).split()[1]


@pytest.mark.parametrize(
    "text",
    ["imagine-xl-faces", "1.2.3", "gateway_receive_stream_request", "9 WEI", "NVIDIA RTX 4090", "ONLINE"],
)
def test_a_text_that_is_kept_stays(text):
    assert TEXTS.redacted(text, "keep") == text


@pytest.mark.parametrize(
    "secret",
    [
        "0x" + "Ab12" * 10, "185f9405-0b85-4e01-9333-58219b9d01af", "https://plain.orch.example/strm-1", "10.1.2.3",
        "2001:db8::17", "bob@example.com", "plain.orch.example:8935",
    ],
)  # fmt: skip
def test_a_text_that_is_kept_hides_what_has_the_form_of_an_identity(secret):
    assert secret not in TEXTS.redacted(f"model {secret} ok", "keep")
    assert TEXTS.redacted(f"model {secret}", "keep").startswith("model ")


def test_another_key_gives_other_replacements():
    assert Texts(b"another key").redacted("strm-01232610") != redacted("strm-01232610")


def test_a_word_of_many_letters_is_no_problem():
    word = "abcdefghij" * 10_000
    assert len(redacted(word)) == len(word)
    assert TEXTS.redacted(word, "keep") == word
