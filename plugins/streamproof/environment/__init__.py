"""What the two faces take from the environment, in one definition. They read it once and hand on what it says."""

from streamproof.environment.project import NIGHTLY, PACKAGED, PROJECT, WEEKLY, Environment
from streamproof.environment.services import DlqReplayVariables, PostgresVariables, Services

__all__ = [
    "NIGHTLY",
    "PACKAGED",
    "PROJECT",
    "WEEKLY",
    "DlqReplayVariables",
    "Environment",
    "PostgresVariables",
    "Services",
]
