-- The tables of every run's database, whatever its pack. Only the engine writes them.

-- One row for each published record, from the broker's acknowledgements.
CREATE TABLE IF NOT EXISTS replay_ledger
(
    sequence bigint NOT NULL,
    source_topic text NOT NULL,
    source_partition bigint NOT NULL,
    source_offset bigint NOT NULL,
    record_timestamp timestamptz(3) NOT NULL,
    event_id text NOT NULL,
    event_type text NOT NULL,
    event_timestamp timestamptz(3),
    scenario text NOT NULL,
    workflow_session_id text NOT NULL,
    value_kind text NOT NULL,
    value_sha256 text NOT NULL,
    expected_disposition text NOT NULL,
    expected_class text NOT NULL,
    expected_reason text NOT NULL,
    accounted_id text NOT NULL,
    key_sha256 text NOT NULL,
    headers_sha256 text NOT NULL
);
CREATE INDEX IF NOT EXISTS replay_ledger_by_position
ON replay_ledger (source_topic, source_partition, source_offset);
CREATE INDEX IF NOT EXISTS replay_ledger_by_id ON replay_ledger (accounted_id);
COMMENT ON COLUMN replay_ledger.sequence IS 'Position in the whole replay, from 0, in the order of publishing';
COMMENT ON COLUMN replay_ledger.value_kind IS 'bytes, empty (a value of no bytes) or null';
COMMENT ON COLUMN replay_ledger.value_sha256 IS 'SHA-256 of the published value in hexadecimal digits';
COMMENT ON COLUMN replay_ledger.expected_disposition IS
'accepted, ignored, dlq, quarantine, or empty: not stated';
COMMENT ON COLUMN replay_ledger.accounted_id IS 'Id of the event by accounting.ids of the pack; empty without one';
COMMENT ON COLUMN replay_ledger.key_sha256 IS 'SHA-256 of the key of the record in hexadecimal digits';
COMMENT ON COLUMN replay_ledger.headers_sha256 IS
'SHA-256 of the headers of the event, without those of the replay: name, NUL, value, NUL';

-- The ids of the records in the topics that accounting.ids of the pack names for rejected events.
CREATE TABLE IF NOT EXISTS reject_topic_ids
(
    place text NOT NULL,
    source_partition bigint NOT NULL,
    source_offset bigint NOT NULL,
    id text NOT NULL
);
COMMENT ON COLUMN reject_topic_ids.place IS 'The topic as it is named in reports: `topic` and its role';
COMMENT ON COLUMN reject_topic_ids.id IS 'Empty for a record without an id';

-- Warnings and errors in the logs of the run's services, one row for each line. A row of level READ, at line 0, says
-- that a log was read, and how many lines it had then. A run that started no services has no rows here.
CREATE TABLE IF NOT EXISTS service_log_lines
(
    service text NOT NULL,
    level text NOT NULL,
    logged_at timestamptz(3),
    line_number bigint NOT NULL,
    text text NOT NULL,
    ingestion_timestamp timestamptz(3) NOT NULL DEFAULT now(),
    PRIMARY KEY (service, level, line_number)
);
COMMENT ON COLUMN service_log_lines.service IS 'Name of the log file without its ending';
COMMENT ON COLUMN service_log_lines.level IS 'WARN, ERROR, FATAL, KEPT (a line that the pack asks for) or READ';
COMMENT ON COLUMN service_log_lines.logged_at IS 'Null where the line has no time that says its zone';
COMMENT ON COLUMN service_log_lines.line_number IS 'Position in the log, from 1; 0 for READ';
COMMENT ON COLUMN service_log_lines.text IS
'The line and the lines after it that have no header, cut, secrets masked; the number of lines for READ'
