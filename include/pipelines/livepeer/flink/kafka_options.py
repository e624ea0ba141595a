"""Connection options of librdkafka in the terms of Kafka's Java client, which Flink uses."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.livepeer.errors import SettingsError

_SAME = frozenset({"security.protocol", "client.id"})
_LOGIN_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}
_LOGIN = frozenset({"sasl.mechanism", "sasl.mechanisms", "sasl.username", "sasl.password"})
_TLS = frozenset({"ssl.ca.location", "ssl.certificate.location", "ssl.key.location", "ssl.key.password"})


def client_properties(options: Mapping[str, str]) -> dict[str, str]:
    """Return the Java client's properties for librdkafka's options. Raises SettingsError for one without a counterpart.

    The message of an error names the option and never its value, which may be secret.
    """
    unknown = sorted(options.keys() - _SAME - _LOGIN - _TLS)
    if unknown:
        raise SettingsError(
            f"QUALITY_KAFKA_OPTIONS has {unknown[0]}, which has no counterpart on Flink.",
            hint=f"Known are {', '.join(sorted(_SAME | _LOGIN | _TLS))}.",
        )
    properties = {name: value for name, value in options.items() if name in _SAME}
    return {**properties, **_login(options), **_tls(options)}


def _login(options: Mapping[str, str]) -> dict[str, str]:
    mechanism = options.get("sasl.mechanism") or options.get("sasl.mechanisms")
    if mechanism is None:
        return {}
    if mechanism not in _LOGIN_MODULES:
        raise SettingsError(
            f"The SASL mechanism {mechanism[:40]} is not offered on Flink.",
            hint=f"Use one of {', '.join(_LOGIN_MODULES)}.",
        )
    user, password = (_quoted(options.get(name, "")) for name in ("sasl.username", "sasl.password"))
    login = f"{_LOGIN_MODULES[mechanism]} required username={user} password={password};"
    return {"sasl.mechanism": mechanism, "sasl.jaas.config": login}


def _tls(options: Mapping[str, str]) -> dict[str, str]:
    properties: dict[str, str] = {}
    if "ssl.ca.location" in options:
        properties |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": options["ssl.ca.location"]}
    if "ssl.key.location" in options:
        # Kafka's PEM key store is one file that holds the key and the certificate chain.
        properties |= {"ssl.keystore.type": "PEM", "ssl.keystore.location": options["ssl.key.location"]}
    if "ssl.key.password" in options:
        properties["ssl.key.password"] = options["ssl.key.password"]
    return properties


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
