"""A run whose pipeline fetches from the service itself: what that needs, costs and shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from streamproof.fixtures.ordering import ReplayPlan
from streamproof.model.errors import UsageError
from streamproof.model.plan import EXTERNAL
from streamproof.packs.pack import Pack
from streamproof.packs.sources import COST_LIMIT, named_service, service_cost
from streamproof.runs.request import RunRequest
from streamproof.runs.subject.choosing import Subject


def fetched_subject(subject: Subject, request: RunRequest, pack: Pack, environ: Mapping[str, str]) -> Subject:
    """Return the subject of a run on the service that `environ` names; the subject itself where it names none.

    The service says what the run will cost before anything is fetched or written. Raises UsageError when that is more
    than the limit, or the request does not fit; StackError when the service does not answer.
    """
    service = named_service(pack, environ) if request.stack == EXTERNAL else None
    if service is None or subject.replay is None:
        return subject
    if request.faults is not None:
        raise UsageError(
            "No request to the service itself can get a fault.",
            hint="Leave --faults out, or unset the variable that names the service.",
        )
    if pack.fixtures_dir.resolve() in Path(subject.manifest).resolve().parents:
        raise UsageError(
            f"The fixture set {subject.manifest} was made by the pack; {service.url} does not have its records.",
            hint="Name files of the service itself by --manifest: what is fetched is compared with them.",
        )
    amount, sentence = service_cost(pack, _files(subject.replay), service)
    if amount > service.most_cost:
        raise UsageError(
            f"{service.url}: {sentence} The limit is {service.most_cost:g}, and nothing was fetched.",
            hint=f"Set {COST_LIMIT} to what the run may cost, or name fewer files.",
        )
    notices = (
        f"The pipeline fetches from {service.url} itself. {sentence}",
        "The files of the manifest say what must arrive. The service keeps no list of its answers for the run, so "
        "nothing is known of records that it did not serve.",
    )
    return replace(
        subject,
        notices=(*subject.notices, *notices),
        service_url=service.url,
        service_ca_file=service.ca_file,
    )


def _files(replay: ReplayPlan) -> dict[str, Path]:
    folder = Path(replay.manifest.folder)
    return {session.file: folder / session.file for session in replay.manifest.sessions}
