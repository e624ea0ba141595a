"""Reads capability events: which wallet offers which model at which host on which GPU."""

from __future__ import annotations

from collections.abc import Iterator
from sys import intern
from typing import Any, NamedTuple

from packs.livepeer.oracle.acceptance import Event
from packs.livepeer.oracle.columns import is_capability_id, offers
from packs.livepeer.oracle.values import folded, free_text, section, text


class Snapshot(NamedTuple):
    """One model that one canonical wallet offered at one service URI on one GPU at one time (Unix epoch ms).

    `sequence` is the record's number in the order of publishing. `uri` is folded for comparison, `written_uri` is the
    URI as received. A `gpu` of None: the event names none.
    """

    sequence: int
    time: int
    canonical: str
    local: str
    uri: str
    model: str
    pipeline: str
    written_uri: str = ""
    gpu: str | None = None


def folded_url(value: Any) -> str:
    """Return a URL in the form in which two spellings of one host are equal."""
    return folded(value).rstrip("/")


def snapshots_of(event: Event, sequence: int) -> Iterator[Snapshot]:
    """Yield the snapshots of every orchestrator object of an accepted capability event."""
    for offer in offers(event.data):
        canonical, local = intern(folded(offer.get("address"))), intern(folded(offer.get("local_address")))
        uri, written = intern(folded_url(offer.get("orch_uri"))), intern(text(offer.get("orch_uri")))
        # Only a canonical wallet is an identity, so an object without one is of no use.
        if canonical:
            for model, pipeline, gpu in _models(offer):
                names = canonical, local, uri, intern(model), intern(pipeline), written
                yield Snapshot(sequence, event.time, *names, gpu)


def _models(offer: dict[str, Any]) -> set[tuple[str, str, str | None]]:
    """Return the (model, pipeline, GPU) triples of an orchestrator: of its hardware, else of its model constraints."""
    hardware = offer.get("hardware")
    if hardware:
        return {
            (text(entry.get("model_id")), text(entry.get("pipeline")), gpu)
            for entry in hardware
            for gpu in _gpus(entry)
        }
    constraints = section(section(offer.get("capabilities"), "constraints"), "PerCapability")
    return {
        (model, "", None)
        for name, held in constraints.items()
        if is_capability_id(name)
        for model in section(held, "models")
    }


def _gpus(entry: dict[str, Any]) -> list[str | None]:
    """Return the ids of a hardware entry's GPUs, or one None when it lists none. A blank id counts as None."""
    listed = [gpu for gpu in section(entry, "gpu_info").values() if gpu is not None]
    return [free_text(gpu.get("id")) or None for gpu in listed] or [None]
