"""The section `dag:` of a pack: what its DAG in Airflow takes from the pack."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from streamproof.packs.strict import Strict


def _cron_line(text: str) -> str:
    # Commands that read no `dag:` section do not pay for the import.
    from croniter import croniter  # noqa: PLC0415

    if not croniter.is_valid(text):
        raise ValueError(f"`{text}` is not a cron line, such as `0 3 * * *` (UTC)")
    return text


def _address(text: str) -> str:
    name, _, domain = text.partition("@")
    if not name or not domain or text != text.strip():
        raise ValueError(f"`{text}` is not a mail address")
    return text


class DagSettings(Strict):
    """The settings of a pack's DAG.

    `schedule` is a cron line in UTC; without one, the DAG of the default pack runs nightly, and that of another pack
    only when it is triggered. `alert_to` are the addresses that get the mail of a failed run; without any, those of the
    environment do. `owner` is shown in Airflow's list of DAGs.
    """

    schedule: Annotated[str, AfterValidator(_cron_line)] | None = None
    alert_to: tuple[Annotated[str, AfterValidator(_address)], ...] = ()
    owner: str = Field(default="data-platform", min_length=1)
