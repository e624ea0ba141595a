"""Publish a replay, or go on with it, and die by SIGKILL before a given entry of the ledger is written.

`python killed_replay.py BOOTSTRAP ROOT RUN_ID DIE_AT MANIFEST TOPIC`: the first run begins the replay.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from streamproof.model.settings import KafkaSettings
from streamproof.packs.loading import load_pack
from streamproof.replaying.ledger import Ledger
from streamproof.replaying.replays import Target, begin, go_on
from streamproof.replaying.request import ReplayRequest, prepare
from streamproof.transport.kafka import producer
from streamproof.transport.registry import transport_of

# A short queue makes the client wait for acknowledgements, so that the ledger gets many entries.
SHORT_QUEUE = {"queue.buffering.max.messages": 1_000, "batch.num.messages": 200}
HOME = Path(__file__).resolve().parents[2]


class DyingLedger(Ledger):
    """A ledger whose process dies before entry `die_at` (counted from 1) of this process is written."""

    die_at = 0
    entries = 0

    def add(self, partition, offsets):
        self.entries += 1
        if self.entries == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        super().add(partition, offsets)


def main(bootstrap: str, root: str, run_id: str, die_at: str, manifest: str, topic: str) -> None:
    producer.PRODUCER_OPTIONS.update(SHORT_QUEUE)
    pack = load_pack(HOME, "livepeer")
    target = Target(transport_of(pack.transport), KafkaSettings(bootstrap))
    with DyingLedger(Path(root) / run_id) as ledger:
        ledger.die_at = int(die_at)
        if ledger.began:
            go_on(pack, ledger, target)
        else:
            begin(prepare(ReplayRequest(manifest, topic), pack, datetime.now(UTC)), pack, ledger, target)


if __name__ == "__main__":
    main(*sys.argv[1:])
