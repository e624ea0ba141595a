"""What a run makes of the processor that its pack describes."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from streamproof.model.errors import StackError, UsageError
from streamproof.model.rungs import Rung
from streamproof.model.settings import Connections, KafkaSettings, WarehouseSettings
from streamproof.model.stack import StackState
from streamproof.packs.accounting import Accounting, Drained
from streamproof.packs.processors import CommandProcessor, WarehouseProcessor
from streamproof.runs.offers import offered_rungs, pack_offers, require_an_end
from streamproof.runs.processors import processor_launch, processor_secrets, refuse_unusable_job
from streamproof.runtime.environment import fill_environment
from streamproof.runtime.stack_spec import StackSpec
from streamproof.stages.registry import STAGES


@pytest.fixture
def with_processor(planned):
    """Return a function that plans a run whose pack has this processor only."""

    def make(processor, **request):
        ctx = planned(**request)
        return replace(ctx, pack=ctx.pack.model_copy(update={"processors": {"local": processor}}))

    return make


def command(**parts):
    return CommandProcessor.model_validate({"kind": "command", "argv": ["{python}", "-m", "job"], **parts})


def test_names_of_the_run_are_filled_in_and_endpoints_are_left_for_later(with_processor):
    env = {"IN": "{topic.input}", "GROUP": "{group.processor}", "DB": "{database}", "AT": "{bootstrap_servers}"}
    ctx = with_processor(command(env=env))
    launch = processor_launch(ctx)
    assert launch is not None
    assert launch.argv == (sys.executable, "-m", "job")
    assert launch.title == "job"
    assert launch.env == {
        "IN": ctx.names.input_topic, "GROUP": ctx.names.groups["processor"], "DB": ctx.names.database,
        "AT": "{bootstrap_servers}",
    }  # fmt: skip
    assert launch.status_file == ""


def test_the_packs_variables_name_its_status_file_and_state_folder(with_processor):
    ctx = with_processor(command(status_file="WHERE", state_dir="FILES"))
    launch = processor_launch(ctx)
    assert launch is not None
    assert launch.env == {"WHERE": launch.status_file, "FILES": str(ctx.folder.stack / "data" / "processor")}


def test_a_placeholder_that_does_not_exist_is_a_usage_error(with_processor):
    with pytest.raises(UsageError, match="ghost"):
        processor_launch(with_processor(command(env={"A": "{ghost}"})))


def test_one_of_kind_warehouse_has_no_process_and_no_secrets(with_processor):
    ctx = with_processor(WarehouseProcessor(kind="warehouse"))
    assert processor_launch(ctx) is None
    assert processor_secrets(ctx) == {}


def test_secrets_are_those_of_the_connections_and_stand_in_no_launch(with_processor):
    secrets = {"PASS": "{clickhouse_password}", "OPTIONS": "{kafka_options_json}", "VERIFY": "{clickhouse_verify}"}
    ctx = with_processor(command(secrets=secrets), stack="external")
    outside = Connections(
        WarehouseSettings("h", 1, password="hush"), "a test", KafkaSettings("k:1", {"sasl.password": "quiet"})
    )
    ctx = ctx.connected(lambda: outside)
    values = processor_secrets(ctx)
    launch = processor_launch(ctx)
    assert "hush" not in str(launch)
    spec = StackSpec("r", "/r", "/c", "/h", processor=launch).with_secrets(values)
    assert {name: spec.processor.env[name] for name in secrets} == {
        "PASS": "hush", "OPTIONS": '{"sasl.password":"quiet"}', "VERIFY": "on",
    }  # fmt: skip


def test_a_file_may_hold_a_secret_and_an_argument_may_not(with_processor):
    ctx = with_processor(command(files={"etc/db.ini": "pass={clickhouse_password} db={database}"}))
    launch = processor_launch(ctx)
    path = str(ctx.folder.stack / "data/processor_files/etc/db.ini")
    assert launch.files == {path: f"pass={{clickhouse_password}} db={ctx.names.database}"}
    filled = StackSpec("r", "/r", "/c", "/h", processor=launch).with_secrets({"clickhouse_password": "hush"})
    assert filled.processor.files == {path: f"pass=hush db={ctx.names.database}"}
    with pytest.raises(UsageError, match=r"an argument of a processor names \{clickhouse_password\}"):
        processor_launch(with_processor(command(argv=["x", "-p{clickhouse_password}"]), run_id="r2"))


def test_what_a_command_needs_of_its_machine_is_filled_in(with_processor, tmp_path):
    argv = ["{java}", "-cp", "{pack}/app.jar", "--port", "{port.rest}", "--config", "{files}/a"]
    ctx = with_processor(command(argv=argv, ports=["rest"], stop={"signal": "SIGINT", "grace_sec": 3}, ends=True))
    launch = processor_launch(ctx)
    assert Path(launch.argv[0]).name == "java"
    assert launch.argv[2:] == (
        f"{ctx.pack.python_dir}/app.jar", "--port", "{port.rest}", "--config",
        str(ctx.folder.stack / "data/processor_files/a"),
    )  # fmt: skip
    assert (launch.stop_signal, launch.stop_grace_sec, launch.ends, launch.ports) == ("SIGINT", 3, True, ("rest",))
    with pytest.raises(UsageError, match="there is no file"):
        processor_launch(with_processor(command(jars="no.lock"), run_id="r2"))


def test_a_stack_of_its_own_has_no_secret(with_processor):
    ctx = with_processor(command(secrets={"PASS": "{clickhouse_password}"}))
    assert processor_secrets(ctx) == {"clickhouse_password": ""}
    assert processor_secrets(with_processor(command(), run_id="r2")) == {}


def test_endpoints_are_filled_in_when_the_stack_is_up(with_processor):
    state = StackState("r", "ready", None, "broker", "b:9", "h", 1, 2, "u")  # type: ignore[arg-type]
    assert fill_environment({"A": "{bootstrap_servers} {clickhouse_url}"}, state) == {"A": "b:9 http://h:1"}


def test_a_pack_offers_what_it_names(planned):
    pack = planned().pack
    assert pack_offers(pack) == {"trace", "contracts", "published", *Rung}
    least = pack.model_copy(update={"oracle": "", "accounting": Accounting()})
    assert pack_offers(least) == {"trace", "contracts", "published", "judged"}
    assert offered_rungs(pack) == tuple(Rung)


@pytest.mark.parametrize(
    ("drained", "said"),
    [
        (Drained(), "everything was read"),
        (Drained(settled_tables=("orders",)), "everything was read"),
        (Drained(consumer_groups=("raw",)), "all rows have arrived"),
        (Drained(consumer_groups=("ghost",)), "names group 'ghost'"),
    ],
)
def test_a_replay_needs_an_end_that_can_be_seen(planned, drained, said):
    pack = planned().pack.model_copy(update={"accounting": Accounting(drained=drained)})
    with pytest.raises(UsageError, match=said):
        require_an_end(pack)


def test_a_jre_that_does_not_exist_stops_only_the_program_that_asks_for_it(with_processor):
    ctx = with_processor(command())
    broken = replace(ctx, plan=replace(ctx.plan, java="/no/such/jre"))
    assert processor_launch(broken).argv[1:] == ("-m", "job")
    asking = replace(broken, pack=ctx.pack.model_copy(update={"processors": {"local": command(argv=["{java}"])}}))
    with pytest.raises(StackError, match="There is no Java program"):
        processor_launch(asking)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (
            {"arguments": ("{topic.nope}",)},
            r"it names \{topic.nope\}, which is not known; placeholders are bootstrap_ser",
        ),
        ({"configuration": {"pipeline.name": "{nope}"}}, r"it names \{nope\}"),
        ({"group": "nope"}, "`group` is nope, which a run does not have"),
        ({"python": "pipelines.nope"}, "there is no module pipelines.nope in"),
        ({"python": "", "jar": "clicks.jar"}, "there is no jar clicks.jar: name a file below the pack's folder"),
        ({"python": "", "jar": "org.example:clicks:"}, "there is no jar org.example:clicks:"),
    ],
)
def test_a_job_that_cannot_be_submitted_is_refused_before_anything_starts(planned, parts, said):
    pack = planned().pack
    job = pack.processors["flink"].model_copy(update=parts)
    broken = pack.model_copy(update={"processors": {**pack.processors, "flink": job}})
    with pytest.raises(UsageError, match=rf"pack\.yaml: processors\.flink: {said}"):
        refuse_unusable_job(broken, "flink")
    refuse_unusable_job(broken, "local")


def test_jars_that_may_exist_are_not_refused(planned, tmp_path):
    pack = planned().pack
    (tmp_path / "clicks.jar").write_bytes(b"PK")
    for jar in ("org.example:clicks:1.5", str(tmp_path / "clicks.jar")):
        job = pack.processors["flink"].model_copy(update={"python": "", "jar": jar})
        refuse_unusable_job(pack.model_copy(update={"processors": {"flink": job}}), "flink")


def test_restarts_of_a_job_are_judged_for_a_pack_that_accounts_for_nothing(planned):
    pack = planned().pack
    least = pack.model_copy(update={"oracle": "", "accounting": Accounting()})
    assert pack_offers(least, pack.processors["flink"]) == {"trace", "contracts", "published", "judged", "flink_job"}
    for offers, there in ((pack_offers(least), False), (pack_offers(least, pack.processors["flink"]), True)):
        names = [stage.name for stage in STAGES.planned("full", (), offers=offers)]
        assert ("conservation" in names) is there
