"""Who is mailed about which runs.

A Param of the DAG run decides, else the Airflow Variable of the same name with `streamproof_` before it, else the pack
and the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from streamproof.airflow.pack_dags import recipients
from streamproof.environment import Environment
from streamproof.model.errors import UsageError

if TYPE_CHECKING:
    from airflow.sdk import Param

ALERT_TO, ALERT_ON, ALERT_MIN_FAILED = "alert_to", "alert_on", "alert_min_failed"
PREFIX = "streamproof_"


class AlertOn(StrEnum):
    """Which runs are mailed about.

    `failures`: those that did not pass. `recovery`: also the first that passes after one that was mailed about.
    """

    NEVER = "never"
    FAILURES = "failures"
    RECOVERY = "recovery"
    ALWAYS = "always"


class MailKind(StrEnum):
    """What a mail is about."""

    FAILURE = "failure"
    RECOVERY = "recovery"
    PASS = "pass"  # noqa: S105 - not a password


@dataclass(frozen=True, slots=True)
class AlertRules:
    """The recipients, when they are mailed, and the least number of failed checks for that.

    A run that could not be judged has no number of failed checks; it is mailed about in any case.
    """

    to: tuple[str, ...] = ()
    on: AlertOn = AlertOn.RECOVERY
    min_failed: int = 1

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> AlertRules:
        """Return the rules in what `as_json` returned."""
        return cls(tuple(data["to"]), AlertOn(data["on"]), int(data["min_failed"]))

    def mail_about(self, verdict: str | None, failed: int, before: tuple[str, int] | None) -> MailKind | None:
        """Return which mail a run needs, None for no mail.

        `verdict` is None for a run that has none; `failed` counts its failed checks. `before` are verdict and failed
        checks of the failed run that it follows, None when it follows none.
        """
        if self.on is AlertOn.NEVER:
            return None
        if verdict != "passed":
            return MailKind.FAILURE if self.is_alarming(verdict, failed) else None
        if before is not None and before[0] != "passed" and self.is_alarming(*before):
            return None if self.on is AlertOn.FAILURES else MailKind.RECOVERY
        return MailKind.PASS if self.on is AlertOn.ALWAYS else None

    def is_alarming(self, verdict: str | None, failed: int) -> bool:
        """Return whether a run that did not pass has to be mailed about. The arguments are those of `mail_about`."""
        return verdict != "failed" or failed >= self.min_failed


def alert_params() -> dict[str, Param]:
    """Return the Params of a DAG that decide about its mail."""
    from airflow.sdk import Param

    return {
        ALERT_TO: Param(
            None, type=["null", "string"], description="Mail addresses, separated by commas; none: those of the pack"
        ),
        ALERT_ON: Param(
            None,
            type=["null", "string"],
            enum=[None, *(str(on) for on in AlertOn)],
            description="Which runs are mailed about; none: recovery, failures and the first pass after one",
        ),
        ALERT_MIN_FAILED: Param(
            None,
            type=["null", "integer"],
            minimum=1,
            description="Mail about a failed run only when so many checks failed; an error is mailed in any case",
        ),
    }


def default_rules(settings: Environment, dag_id: str) -> AlertRules:
    """Return the rules without Params and Variables."""
    return AlertRules(to=recipients(settings, dag_id))


def alert_rules(params: Mapping[str, Any], settings: Environment, dag_id: str) -> AlertRules:
    """Return the rules of a DAG run. Raises UsageError that names the Param or the Variable that is wrong."""
    to, on, least = (_given(params, name) for name in (ALERT_TO, ALERT_ON, ALERT_MIN_FAILED))
    rules = default_rules(settings, dag_id)
    return AlertRules(
        to=_addresses(*(to or (",".join(rules.to), "alert_to of pack.yaml, or STREAMPROOF_ALERT_TO"))),
        on=_when(*on) if on else rules.on,
        min_failed=_number(*least) if least else rules.min_failed,
    )


def _given(params: Mapping[str, Any], name: str) -> tuple[str, str] | None:
    """Return a setting as text, and what it was given by; None when it was not given."""
    from airflow.sdk import Variable

    for source, value in (
        (f"Param {name}", params.get(name)),
        (f"Airflow Variable {PREFIX}{name}", Variable.get(f"{PREFIX}{name}", default=None)),
    ):
        if value is not None and str(value).strip():
            return str(value).strip(), source
    return None


def _addresses(text: str, source: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    for address in found:
        name, _, domain = address.partition("@")
        # A blank or a line break could begin another header or recipient.
        if not name or not domain or "@" in domain or not address.isprintable() or " " in address:
            raise UsageError(
                f"{source}: '{address}' is not a mail address.", hint="Separate addresses by commas: a@b.org, c@d.org."
            )
    return found


def _when(text: str, source: str) -> AlertOn:
    try:
        return AlertOn(text)
    except ValueError:
        raise UsageError(f"{source} is '{text}'.", hint=f"It is one of {', '.join(AlertOn)}.") from None


def _number(text: str, source: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise UsageError(f"{source} is '{text}'.", hint="It is a number of failed checks, 1 or more.")
    return int(text)
