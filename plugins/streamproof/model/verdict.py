"""Derive the verdict of a run from the results of its stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streamproof.model.errors import EXIT_CHECK_FAILED, EXIT_NOT_JUDGED, EXIT_PASSED
from streamproof.model.results import CheckResult, StageResult, Status, Verdict

EXIT_CODES: Mapping[Verdict, int] = {
    Verdict.PASSED: EXIT_PASSED,
    Verdict.FAILED: EXIT_CHECK_FAILED,
    Verdict.ERROR: EXIT_NOT_JUDGED,
}


# A key in the diagnostics of a skipped check. Its value is the reason why there was nothing to judge: nothing was
# published, or the layer below is empty too. Without it, the rows may have been lost, or belong to another window.
EXPLAINED_BY = "explained_by"
# A key in the diagnostics of a check that mode observe skips: what the check needs, and only a run of its own has. A
# suite of such checks alone is left out, provided that the run judges anything else.
ONLY_A_RUN_HAS = "only_a_run_has"


def _judged(result: StageResult) -> bool:
    """Return whether a stage judged anything, or all of its checks explain why there was nothing to judge."""
    if any(check.status in (Status.PASSED, Status.FAILED) for check in result.checks):
        return True
    return bool(result.checks) and all(
        check.status is Status.SKIPPED and bool(check.diagnostics.get(EXPLAINED_BY)) for check in result.checks
    )


def skipped_for_a_run(checks: Sequence[CheckResult]) -> bool:
    """Return whether there are checks, and mode observe skipped all of them: only a run has what they need."""
    return bool(checks) and all(
        check.status is Status.SKIPPED and bool(check.diagnostics.get(ONLY_A_RUN_HAS)) for check in checks
    )


def unjudged(planned: Sequence[str], judging: Sequence[str], results: Mapping[str, StageResult]) -> list[str]:
    """Return the reasons why the run could not be judged, one sentence each; empty if there is none.

    The results are compared with the planned stages: a stage that never ended is a reason, like one that broke.
    """
    reasons = []
    judged = {stage for stage in judging if stage in results and _judged(results[stage])}
    if judged:
        judged |= {stage for stage in judging if stage in results and skipped_for_a_run(results[stage].checks)}
    for stage in planned:
        result = results.get(stage)
        if result is None:
            reasons.append(f"{stage} did not run")
        elif result.error is not None:
            reasons.append(f"{stage}: {result.error}")
        elif stage not in judging and result.status is not Status.PASSED:
            reasons.append(f"{stage} is {result.status.value}")
        elif stage in judging and stage not in judged:
            reasons.append(f"{stage} judged nothing")
        else:
            reasons.extend(
                f"{check.suite}.{check.name} could not be judged: {check.error}"
                for check in result.checks
                if check.status is Status.ERRORED
            )
    return reasons


def failed_checks(results: Mapping[str, StageResult]) -> list[CheckResult]:
    """Return the checks that failed, in stage order."""
    return [check for result in results.values() for check in result.checks if check.status is Status.FAILED]


def judge(planned: Sequence[str], judging: Sequence[str], results: Mapping[str, StageResult]) -> Verdict:
    """Return the verdict of a run.

    It is `error` if a stage before the checks broke, because the checks then saw incomplete data. It is `failed` if a
    check failed, even if another check could not be judged. It is `passed` only if all planned stages judged.
    """
    infrastructure = [stage for stage in planned if stage not in judging]
    if unjudged(infrastructure, (), results):
        return Verdict.ERROR
    if failed_checks(results):
        return Verdict.FAILED
    return Verdict.ERROR if unjudged(planned, judging, results) else Verdict.PASSED
