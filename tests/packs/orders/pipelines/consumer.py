"""The shop's own program: reads orders from Kafka and writes them to ClickHouse. It knows nothing of streamproof.

`kind` in section `bug` of its configuration plants a bug.
"""

from __future__ import annotations

import configparser
import json
import os
import signal
import sys
import urllib.request
from datetime import datetime, timedelta

from confluent_kafka import Consumer, Producer

BATCH = 50
COLUMNS = ("order_id", "customer", "seller", "amount", "ordered_at")


class Shop:
    def __init__(self, config: configparser.ConfigParser) -> None:
        self.kafka, self.db, self.bug = config["kafka"], config["db"], config["bug"]["kind"]
        self.is_batch = "--batch" in sys.argv
        self.seen = self.idle = 0
        self.stopped = False

    def run(self) -> None:
        servers = {"bootstrap.servers": self.kafka["servers"]}
        consumer = Consumer(
            {**servers, "group.id": self.kafka["group"], "auto.offset.reset": "earliest", "enable.auto.commit": False}
        )
        rejected = Producer(servers)
        consumer.subscribe([self.kafka["orders"]], on_assign=lambda *_: print("reading orders", flush=True))
        signal.signal(signal.SIGINT, self.stop)
        kept = []
        while not self.stopped:
            messages = [message for message in consumer.consume(BATCH, timeout=0.2) if not message.error()]
            rows = [row for message in messages for row in self.rows(message.value(), rejected)]
            rejected.flush()
            if self.bug == "commits first":
                # It keeps rows until a batch is full, and forgets that it has committed them.
                kept += rows
                rows, kept = (kept, []) if len(kept) >= 4 * BATCH else ([], kept)
            self.write(rows)
            if messages:
                consumer.commit(asynchronous=False)
            # A batch job: it has read everything when nothing more has come for a while.
            self.idle = 0 if messages or not self.seen else self.idle + 1
            self.stopped = self.stopped or (self.is_batch and self.idle > 5)
            if self.bug == "dies" and self.seen > 150:
                sys.exit("out of paper")
        consumer.close()

    def stop(self, *_: object) -> None:
        self.stopped = True

    def rows(self, value: bytes, rejected: Producer) -> list[list[object]]:
        order = json.loads(value)
        if order["amount"] < 0:
            rejected.produce(self.kafka["rejected"], json.dumps({"order": order, "why": "negative"}))
            return []
        self.seen += 1
        chosen = self.seen % 100 == 0
        row = [order[name] for name in COLUMNS]
        if self.bug == "swaps":
            row[1], row[2] = row[2], row[1]
        if self.bug == "rounds":
            row[3] = round(row[3])
        at = datetime.fromisoformat(row[4]) + timedelta(hours=self.bug == "shifts")
        row[4] = at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        if chosen and self.bug == "drops":
            return []
        return [row, row] if chosen and self.bug == "doubles" else [row]

    def write(self, rows: list[list[object]]) -> None:
        if not rows:
            return
        body = "\n".join(map(json.dumps, rows)).encode()
        sql = f"INSERT INTO {self.db['name']}.orders ({', '.join(COLUMNS)}) FORMAT JSONCompactEachRow"
        request = urllib.request.Request(f"{self.db['url']}/?query={urllib.request.quote(sql)}", body)
        request.add_header("X-ClickHouse-User", self.db["user"])
        request.add_header("X-ClickHouse-Key", os.environ["SHOP_DB_PASSWORD"])
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(request, timeout=10).read()


if __name__ == "__main__":
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(sys.argv[sys.argv.index("--config") + 1])
    Shop(settings).run()
