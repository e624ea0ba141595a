"""What the cells of notebooks/data_trace.ipynb call. Each method returns what its cell shows, and keeps nothing."""

from __future__ import annotations

from dataclasses import dataclass

from streamproof.environment import Environment
from streamproof.notebook import entities, layers, verdict
from streamproof.notebook.opening import OpenedRun, open_run
from streamproof.notebook.shown import Part, Shown


@dataclass(frozen=True, slots=True)
class Trace:
    """A run, opened for the notebook. `entity` is the one to show first, '' for the most interesting ones."""

    run: OpenedRun
    debug: bool
    entity: str

    def _repr_html_(self) -> str:
        return Shown((Part(text=(str(self),)),), styled=True)._repr_html_()

    def __repr__(self) -> str:
        mode = "debug: all rows, queries open" if self.debug else "compact: first rows, queries folded"
        summary = self.run.summary
        return f"Run {summary['run_id']} of pack {summary['pack']}: {summary['verdict']} ({mode})."

    def verdict(self) -> Shown:
        """Show the verdict, the first broken layer and what was proved."""
        return Shown((verdict.verdict(self.run),))

    def summary(self) -> Shown:
        """Show the checks by layer and the stages."""
        return Shown(verdict.executive_summary(self.run))

    def failures(self) -> Shown:
        """Show each failing check with its meaning, its rows and its entities."""
        return Shown(verdict.failures(self.run))

    def ordered(self) -> Shown:
        """Show the trace queries in the order of the data flow."""
        return Shown(layers.ordered_trace(self.run, debug=self.debug))

    def contracts(self) -> Shown:
        """Show which tables a contract covers."""
        return Shown(layers.contracts(self.run))

    def scenarios(self) -> Shown:
        """Show the scenarios, expected and observed, and what is outside all of them."""
        return Shown(layers.scenarios(self.run, debug=self.debug))

    def sections(self) -> Shown:
        """Show the sections that the pack adds."""
        return Shown(layers.pack_sections(self.run, debug=self.debug))

    def picker(self) -> Shown:
        """Show the entities to pick from, with their rows in every layer."""
        return Shown(entities.picker(self.run, wanted=self.entity, debug=self.debug))

    def missing(self) -> Shown:
        """Show which sections are empty because the pack does not offer what they need."""
        return Shown((_missing(self.run),))

    def commands(self) -> Shown:
        """Show the commands that go on from here."""
        run_id = self.run.summary["run_id"]
        lines = (
            f"Again: {self.run.summary['rerun']}",
            f"The report: streamproof report {run_id}",
            f"This notebook with all rows: streamproof notebook {run_id} --debug",
            f"The warehouse itself, while the stack is up (--keep-stack): streamproof notebook {run_id} --live",
        )
        return Shown((Part(text=lines),))


def open_trace(run_id: str, *, live: bool = False, debug: bool = False, entity: str = "") -> Trace:
    """Open the run `run_id`, or the last one for `latest`. See `streamproof.notebook.opening.open_run` for the errors.

    Folders and connections come from the environment variables of the command line.
    """
    return Trace(open_run(Environment.read(), run_id, live=live, entity=entity), debug, entity)


def _missing(run: OpenedRun) -> Part:
    """Return what the pack lacks, and the file or key that would add it."""
    pack = run.ctx.pack
    lacking = {
        "trace queries": (any((pack.sql_dir / "trace").glob("*.sql")), "sql/<pack>/trace/*.sql"),
        "sections of its own": (any((pack.sql_dir / "notebook").glob("*.sql")), "sql/<pack>/notebook/*.sql"),
        "scenarios": (any((pack.sql_dir / "scenarios").glob("*.sql")), "sql/<pack>/scenarios/*.sql"),
        "session queries": (any((pack.sql_dir / "session").glob("*.sql")), "sql/<pack>/session/*.sql"),
        "entities": (pack.entities is not None, "key `entities` of pack.yaml"),
        # Without them, only tables with the id of an entity show its rows.
        "pages of entities": (pack.entities is None or pack.entities.page is not None, "`entities.page` of pack.yaml"),
        "contracts": (bool(run.results.get("contracts")), "contracts/<pack>/*.yaml"),
    }
    text = tuple(f"No {what}: {where} would add them." for what, (there, where) in lacking.items() if not there)
    return Part(text=text or ("This pack offers everything that the notebook can show.",))
