"""Settings that are read from environment variables, and what is said about one that is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AliasChoices, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from streamproof.model.errors import UsageError

Switch = Annotated[bool, BeforeValidator(lambda given: given.strip() if isinstance(given, str) else given)]


def named(*names: str, default: Any) -> Any:
    """Return a field of the first of these variables that is set."""
    return Field(default=default, validation_alias=AliasChoices(*names))


class FromEnvironment(BaseSettings):
    """Settings by environment variables; one that is empty counts as not set."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", case_sensitive=True, validate_default=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_more: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Use what `read` passes on, and no file."""
        return (init_settings,)

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the variables of this process, or those given. Raises UsageError naming the one that is wrong."""
        given = os.environ if environ is None else environ
        try:
            return cls(**{name: value for name, value in given.items() if value})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = str(first["loc"][0])
            raise UsageError(f"{name} is '{first['input']}'.", hint=_HINTS.get(name, f"{first['msg']}.")) from None


_YES_OR_NO = "Set it to true or false."
_AUTHORITIES = "Name a PEM file of certificate authorities that is there."
_HINTS = {
    "CH_SECURE": _YES_OR_NO,
    "CH_VERIFY": _YES_OR_NO,
    "CH_PORT": "Ports are 1 to 65535.",
    "CH_CA_CERT": _AUTHORITIES,
    "PGPORT": "Ports are 1 to 65535.",
    "PGSSLMODE": "It is one of disable, allow, prefer, require, verify-ca and verify-full.",
    "PGSSLROOTCERT": _AUTHORITIES,
    "FLINK_CA_CERT": _AUTHORITIES,
    "FLINK_VERIFY": _YES_OR_NO,
    "REPLAY_START_EPOCH_MS": "It is a time in Unix milliseconds.",
    "REPLAY_END_EPOCH_MS": "It is a time in Unix milliseconds.",
    "STREAMPROOF_REPORT_URL": "It is the address of the folder of runs, such as https://reports.example.org/runs.",
    "STREAMPROOF_OWNER": "It is the id of a process and its start time in Unix seconds.",
}
