-- The tables of every run's database, whatever its pack. Only the engine writes them.

-- One row for each published record, from the broker's acknowledgements.
CREATE TABLE IF NOT EXISTS replay_ledger
(
    `sequence` UInt64 COMMENT 'Position in the whole replay, from 0, in the order of publishing',
    `source_topic` LowCardinality(String),
    `source_partition` UInt32,
    `source_offset` UInt64,
    `record_timestamp` DateTime64(3, 'UTC'),
    `event_id` String,
    `event_type` LowCardinality(String),
    `event_timestamp` Nullable(DateTime64(3, 'UTC')),
    `scenario` LowCardinality(String),
    `workflow_session_id` String,
    `value_kind` LowCardinality(String) COMMENT 'bytes, empty (a value of no bytes) or null',
    `value_sha256` String COMMENT 'SHA-256 of the published value in hexadecimal digits',
    `expected_disposition` LowCardinality(String) COMMENT 'accepted, ignored, dlq, quarantine, or empty: not stated',
    `expected_class` LowCardinality(String),
    `expected_reason` String,
    `accounted_id` String COMMENT 'Id of the event by accounting.ids of the pack; empty without one',
    `key_sha256` String COMMENT 'SHA-256 of the key of the record in hexadecimal digits',
    `headers_sha256` String COMMENT 'SHA-256 of the headers of the event, without those of the replay: name, NUL, value, NUL'
)
ENGINE = MergeTree
ORDER BY (source_topic, source_partition, source_offset)
SETTINGS non_replicated_deduplication_window = 1000;

-- The ids of the records in the topics that accounting.ids of the pack names for rejected events. Reading a topic again
-- deletes its rows and inserts them anew, so there is no deduplication window: it would drop the second insert.
CREATE TABLE IF NOT EXISTS reject_topic_ids
(
    `place` LowCardinality(String) COMMENT 'The topic as it is named in reports: `topic` and its role',
    `source_partition` UInt32,
    `source_offset` UInt64,
    `id` String COMMENT 'Empty for a record without an id'
)
ENGINE = ReplacingMergeTree
ORDER BY (place, source_partition, source_offset);

-- Warnings and errors in the logs of the run's services, one row for each line. A row of level READ, at line 0, says
-- that a log was read, and how many lines it had then. A run that started no services has no rows here.
CREATE TABLE IF NOT EXISTS service_log_lines
(
    `service` LowCardinality(String) COMMENT 'Name of the log file without its ending',
    `level` LowCardinality(String) COMMENT 'WARN, ERROR, FATAL, KEPT (a line that the pack asks for) or READ',
    `logged_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'Null where the line has no time that says its zone',
    `line_number` UInt64 COMMENT 'Position in the log, from 1; 0 for READ',
    `text` String COMMENT 'The line and the lines after it that have no header, cut, secrets masked; the number of lines for READ',
    `ingestion_timestamp` DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY (service, level, line_number)
SETTINGS non_replicated_deduplication_window = 1000;
