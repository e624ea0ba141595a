"""Names that the checks of a pack's accounting share with those who show what the checks found."""

from __future__ import annotations

# The check that each published record has one row of dispositions. Its diagnostic `missing` counts those without any.
DISPOSITIONS_ONCE = "dispositions_hold_every_record_once"
# A diagnostic of the check that no id is missing: the number of ids that were published once and are in one place
# only, by place.
IDS_BY_PLACE = "ids_by_place"
