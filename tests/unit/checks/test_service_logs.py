"""What is kept of services' logs: every form of line, what belongs to it, and no secret."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.checks.service_logs import LONGEST_TEXT, MOST_KEPT, MOST_LINES, masked, read_log, read_logs

WHEN = datetime(2026, 11, 22, 6, 28, 29, 865_000, UTC)
KAFKA = "2026-11-22T06:28:29,865Z {}  [BrokerServer id=1] The disk is gone (BrokerServer)"
CLICKHOUSE = "2026.11.22 06:28:29.865482 [ 429 ] {{a-b}} <{}> executeQuery: Code: 27. DB::Exception: no"
POSTGRES = '2026-11-22 06:28:29.865 UTC [429] {}:  relation "a" does not exist'
PROCESSOR = "2026-11-22 06:28:29,865 {} pipelines.livepeer.job refused"


@pytest.mark.parametrize(
    ("line", "level", "at"),
    [
        (KAFKA.format("WARN "), "WARN", WHEN),
        (KAFKA.format("ERROR"), "ERROR", WHEN),
        (KAFKA.format("FATAL"), "FATAL", WHEN),
        ("[2026-11-22 06:28:29,865] ERROR Failed to start task (org.apache.kafka.connect)", "ERROR", None),
        (CLICKHOUSE.format("Warning"), "WARN", WHEN),
        (CLICKHOUSE.format("Error"), "ERROR", WHEN),
        (CLICKHOUSE.format("Fatal"), "FATAL", WHEN),
        (CLICKHOUSE.format("Critical"), "FATAL", WHEN),
        (POSTGRES.format("WARNING"), "WARN", WHEN),
        (POSTGRES.format("ERROR"), "ERROR", WHEN),
        (POSTGRES.format("FATAL"), "FATAL", WHEN),
        (POSTGRES.format("PANIC"), "FATAL", WHEN),
        (POSTGRES.format("(client backend) ERROR"), "ERROR", WHEN),
        (POSTGRES.format("(User-Defined (own) Action [1000]) FATAL"), "FATAL", WHEN),
        (PROCESSOR.format("WARNING"), "WARN", None),  # Python writes local time and does not say which
        (PROCESSOR.format("ERROR"), "ERROR", None),
        (PROCESSOR.format("CRITICAL"), "FATAL", None),
        (f"%4|{WHEN.timestamp():.3f}|GETPID|rdkafka#producer-2| [thrd:main]: retrying", "WARN", WHEN),
        (f"%3|{WHEN.timestamp():.3f}|FAIL|rdkafka#consumer-1| [thrd:main]: refused", "ERROR", WHEN),
        (f"%0|{WHEN.timestamp():.3f}|FATAL|rdkafka#consumer-1| [thrd:main]: fenced", "FATAL", WHEN),
        ("2026-13-40T99:99:99,865Z ERROR no such time", "ERROR", None),
        ("Traceback (most recent call last):", "ERROR", None),
        ('Exception in thread "main" java.lang.OutOfMemoryError: Java heap space', "ERROR", None),
    ],
)
def test_a_line_that_warns_is_kept_with_its_level_and_time(line, level, at):
    log = read_log("kafka", ["ready", line + "\n"])
    assert log.line_count == 2
    assert [(kept.level, kept.number, kept.at, kept.text) for kept in log.lines] == [(level, 2, at, line)]


@pytest.mark.parametrize(
    "line",
    [
        KAFKA.format("INFO "),
        CLICKHOUSE.format("Information"),
        POSTGRES.format("LOG"),
        POSTGRES.format("STATEMENT"),
        POSTGRES.format("(client backend) LOG:  statement (1) ERROR"),
        PROCESSOR.format("INFO"),
        "%6|1795328935.102|FAIL|rdkafka#producer-1| [thrd:main]: disconnected",
        "2026-11-22T06:28:27.300Z kafka has ended, code 143",
        "Logging warning to /run/logs/clickhouse.log",
        "the word ERROR in the middle",
        "",
    ],
)
def test_other_lines_are_only_counted(line):
    log = read_log("kafka", [line])
    assert (log.line_count, log.lines) == (1, ())


def test_what_follows_a_line_belongs_to_it_and_is_no_error_of_its_own():
    trace = ["Traceback (most recent call last):", '  File "job.py", line 1', "ValueError: no"]
    log = read_log("processor", [PROCESSOR.format("ERROR"), *trace, PROCESSOR.format("INFO"), "  more of it"])
    (kept,) = log.lines
    assert kept.text == "\n".join([PROCESSOR.format("ERROR"), *trace])


def test_last_lines_without_a_head_keep_what_follows():
    log = read_log("processor", ["starting", "Traceback (most recent call last):", "ValueError: no"])
    (kept,) = log.lines
    assert (kept.level, kept.number, kept.text.splitlines()[-1]) == ("ERROR", 2, "ValueError: no")


def test_a_flood_of_warnings_does_not_push_an_error_out_and_no_text_is_endless():
    warnings = [KAFKA.format("WARN ")] * (MOST_LINES + 5)
    log = read_log("kafka", [*warnings, KAFKA.format("ERROR"), *["x" * 100] * 1_000])
    assert [kept.level for kept in log.lines] == ["WARN"] * MOST_LINES + ["ERROR"]
    assert len(log.lines[-1].text) == LONGEST_TEXT
    assert log.line_count == MOST_LINES + 1_006


SECRET = "hunter2"


@pytest.mark.parametrize(
    "text",
    [
        f"http://user:{SECRET}@host:8123/",
        f"password={SECRET}, next",
        f'"password": "{SECRET}"',
        f"CLICKHOUSE_PASSWORD={SECRET}",
        f'sasl.jaas.config=org.X required username="a" password="{SECRET}";',
        f"X-ClickHouse-Key: {SECRET}",
        f"Authorization: Basic {SECRET}",
        f"authorization: bearer {SECRET}",
        f"api_key={SECRET}&x=1",
        f"--password {SECRET}",
        f"ssl.key.password = {SECRET}",
    ],
)
def test_secrets_are_masked(text):
    (kept,) = read_log("kafka", [KAFKA.format("ERROR"), text]).lines
    assert SECRET not in kept.text
    assert "***" in kept.text


def test_a_text_without_secrets_stays_as_it_is():
    text = CLICKHOUSE.format("Error") + " http://127.0.0.1:8123/?database=x user=default"
    assert masked(text) == text


def test_every_log_of_a_folder_is_read_by_name(tmp_path):
    (tmp_path / "kafka.log").write_text(KAFKA.format("ERROR") + "\n")
    (tmp_path / "clickhouse.log").write_bytes(b"\xff\xfe no text\n" + CLICKHOUSE.format("Warning").encode())
    (tmp_path / "notes.txt").write_text(KAFKA.format("ERROR"))
    logs = read_logs(tmp_path)
    assert [(log.service, log.line_count, [kept.level for kept in log.lines]) for log in logs] == [
        ("clickhouse", 2, ["WARN"]),
        ("kafka", 1, ["ERROR"]),
    ]
    assert read_logs(tmp_path / "none") == ()


@given(st.lists(st.text(max_size=80), max_size=30))
def test_any_text_can_be_read(lines):
    log = read_log("any", lines)
    assert log.line_count == len(lines)
    assert all(len(kept.text) <= LONGEST_TEXT for kept in log.lines)


def test_lines_that_the_pack_asks_for_are_kept_whatever_their_level():
    lines = [
        PROCESSOR.format("INFO").replace("refused", "stored 3 rows"),
        "and a line of the same entry",
        PROCESSOR.format("WARNING").replace("refused", "stored 4 rows"),
        PROCESSOR.format("INFO").replace("refused", "stored no rows"),
        KAFKA.format("INFO ").replace("The disk is gone", "stored 5 rows"),
        "stored 6 rows",
    ]
    log = read_log("processor", lines, [r"stored \d rows", "never"])
    found = [(kept.level, kept.number, kept.at) for kept in log.lines]
    # A line of level WARN keeps its level.
    assert found == [("KEPT", 1, None), ("WARN", 3, None), ("KEPT", 5, WHEN), ("KEPT", 6, None)]
    assert log.lines[0].text.splitlines()[1] == lines[1]


def test_lines_that_the_pack_asks_for_do_not_use_up_the_place_of_errors():
    lines = ["stored"] * (MOST_KEPT + 5) + [KAFKA.format("ERROR")]
    log = read_log("processor", lines, ["stored"])
    assert [log.lines[-1].level, len(log.lines)] == ["ERROR", MOST_KEPT + 1]


def test_each_log_has_its_own_patterns(tmp_path):
    for name in ("kafka", "processor"):
        (tmp_path / f"{name}.log").write_text("stored\n")
    assert [len(log.lines) for log in read_logs(tmp_path, {"processor": ["stored"]})] == [0, 1]
