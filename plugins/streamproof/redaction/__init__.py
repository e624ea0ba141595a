"""Replace what identifies somebody in events, so that fixtures of a production pipeline can be shared."""

from streamproof.redaction.keys import redaction_key
from streamproof.redaction.redactor import Redactor
from streamproof.redaction.rules import RedactionRules

__all__ = ["RedactionRules", "Redactor", "redaction_key"]
