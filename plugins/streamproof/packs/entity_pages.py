"""What the page of an entity shows: tables of the saved content, and which of their rows belong to the entity."""

from __future__ import annotations

from pydantic import Field, model_validator

from streamproof.packs.strict import Strict


class Related(Strict):
    """Rows that belong to an entity because one of their `columns` has a value that the entity's other rows have.

    These are the rows that the page shows of the tables `of`, and `value` is the column with the value. Case and outer
    blanks do not matter, and an empty value relates nothing.
    """

    columns: tuple[str, ...] = Field(min_length=1)
    of: tuple[str, ...] = Field(min_length=1)
    value: str


class Section(Strict):
    """One section of the page: the entity's rows of one table.

    `table` is the name of a projection, and `title` the heading. A name of a column may continue with a path into the
    JSON text that the column holds: `data.stream_id`.

    A row belongs to the entity whose id is the values of the columns `key`, joined by `|`. Without `key`, that is the
    column `id` of the entities, or else their `id_parts`. `related` is another way to find the rows.

    `time` is a column with a time, or with Unix milliseconds; the rows are in its order, and `until` ends a span. A
    section that is `drawn` is part of the page's timeline: a row is a mark, or a bar until `until`, in a lane for each
    value of `lane` (one lane for the section without it), with the texts of `label`. `values` are columns with numbers,
    which are drawn as a chart by time, in `unit`.

    `first` are the columns that the table shows first; those in `omit` are left out. `nearest` is the greatest number
    of rows, those nearest in time to the entity's first row.
    """

    title: str = Field(min_length=1)
    table: str
    key: tuple[str, ...] = ()
    related: Related | None = None
    time: str = ""
    until: str = ""
    drawn: bool = False
    lane: str = ""
    label: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    unit: str = ""
    first: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()
    nearest: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _what_is_drawn_has_a_time(self) -> Section:
        if self.key and self.related:
            raise ValueError("has `key` and `related`: they are two ways to find the rows")
        needs = {"until": self.until, "drawn": self.drawn, "values": self.values, "nearest": self.nearest}
        if not self.time and (named := [name for name, value in needs.items() if value]):
            raise ValueError(f"has `{named[0]}`, which needs `time`: the column with the time of a row")
        if not self.drawn and (self.lane or self.label):
            raise ValueError("has `lane` or `label`, which belong to a section with `drawn: true`")
        return self

    @property
    def paths(self) -> tuple[str, ...]:
        """Return every column, with its path, that the section reads."""
        found = (*self.key, *(self.related.columns if self.related else ()), self.time, self.until, self.lane)
        return tuple(path for path in dict.fromkeys((*found, *self.label, *self.values)) if path)


class EntityPageRules(Strict):
    """The page of an entity. `blanks` are texts in an id for parts that an event does not have."""

    sections: tuple[Section, ...] = Field(min_length=1)
    blanks: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _related_tables_come_first(self) -> EntityPageRules:
        seen: set[str] = set()
        for section in self.sections:
            missing = sorted(set(section.related.of) - seen) if section.related else []
            if missing:
                raise ValueError(
                    f"section '{section.title}' names `{missing[0]}` in `related`: no earlier section has it"
                )
            if section.table in seen:
                raise ValueError(f"two sections have the table `{section.table}`")
            seen.add(section.table)
        return self
