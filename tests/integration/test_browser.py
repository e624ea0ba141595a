"""The browser that looks at pages finds what is wrong with them, and nothing where nothing is wrong."""

from __future__ import annotations

import pytest

GOOD = """<!doctype html><html lang="en"><head><title>Good</title><meta name="viewport" content="width=device-width">
</head><body><main><h1>Good</h1><a href="#end">End</a><p id="end">The end.</p></main></body></html>"""
BAD = """<!doctype html><html lang="en"><head><title>Bad</title><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="beside.css"></head>
<body><main><h1>Bad</h1><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><div style="width:2000px">wide</div>
<script>console.error("first"); throw new Error("second")</script></main></body></html>"""


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wrong_with_a_good_page(look, tmp_path, width):
    path = tmp_path / "good.html"
    path.write_text(GOOD)
    seen = look(path, width=width)
    seen.page.click("text=End")
    assert (seen.errors, seen.requests, seen.faults(), seen.scrolls_sideways()) == ([], [], [], False)


def test_every_fault_of_a_bad_page_is_found(look, tmp_path):
    path = tmp_path / "bad.html"
    path.write_text(BAD)
    (tmp_path / "beside.css").write_text("")
    seen = look(path, width=390)
    assert seen.errors == ["first", "second"]
    assert seen.requests == [(tmp_path / "beside.css").as_uri()]
    assert [fault.split(":")[0] for fault in seen.faults()] == ["image-alt"]
    assert seen.scrolls_sideways()


def test_a_page_is_seen_without_its_script_and_in_the_dark(look, tmp_path):
    path = tmp_path / "bad.html"
    path.write_text(BAD)
    seen = look(path, script=False, dark=True)
    assert "second" not in seen.errors
    assert seen.page.locator("h1").inner_text() == "Bad"
    assert look(path, dark=True).page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
