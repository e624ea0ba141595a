"""The catalogue of capabilities, version v1, as events.md §4 prints it: names in the order of their ids, by group."""

from __future__ import annotations

from typing import Any

VERSION = "v1"
UNKNOWN = "unknown"

# (first id, group, names from that id on)
_RANGES: tuple[tuple[int, str, str], ...] = (
    (0, "transcoding", "H.264; MPEGTS; MP4; Fractional framerates"),
    (4, "storage", "Storage direct; Storage S3; Storage GCS"),
    (
        7,
        "transcoding",
        "H264 Baseline profile; H264 Main profile; H264 High profile; H264 Constrained, Contained High profile; GOP",
    ),
    (12, "auth", "Auth token"),
    (13, "deprecated", "Scene classification"),
    (
        14,
        "transcoding",
        "MPEG7 signature; HEVC decode; HEVC encode; VP8 decode; VP9 decode; VP8 encode; VP9 encode; "
        "H264 Decode YUV444 8-bit; H264 Decode YUV422 8-bit; H264 Decode YUV444 10-bit; H264 Decode YUV422 10-bit; "
        "H264 Decode YUV420 10-bit; Segment slicing",
    ),
    (
        27,
        "inference",
        "Text to image; Image to image; Image to video; Upscale; Audio to text; Segment anything 2; Llm; Image to text",
    ),
    (35, "live-video", "Live video to video"),
    (36, "inference", "Text to speech"),
)

CATALOGUE = {
    first + offset: (name, group) for first, group, names in _RANGES for offset, name in enumerate(names.split("; "))
}


def capability_columns(capability_id: int | None) -> dict[str, Any]:
    """Return the four capability columns. Name and group of an unlisted or absent id are unknown."""
    name, group = CATALOGUE.get(-1 if capability_id is None else capability_id, (UNKNOWN, UNKNOWN))
    return {
        "capability_id": capability_id,
        "capability_name": name,
        "capability_group": group,
        "capability_catalog_version": VERSION,
    }
