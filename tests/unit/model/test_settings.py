"""Settings never show their secrets."""

from __future__ import annotations

from streamproof.model.settings import ClickHouseSettings, KafkaSettings


def test_secrets_are_not_in_the_text_of_the_settings():
    kafka = KafkaSettings("broker:9092", options={"sasl.password": "s3cret"})
    warehouse = ClickHouseSettings("host", 8123, password="s3cret")
    assert "s3cret" not in f"{kafka!r} {kafka} {warehouse!r} {warehouse} {warehouse.url}"


def test_client_config_takes_options_and_extra_keys():
    config = KafkaSettings("b:1", options={"security.protocol": "ssl"}).client_config(group_id="g")
    assert config == {"bootstrap.servers": "b:1", "security.protocol": "ssl", "group.id": "g"}


def test_the_database_can_be_changed_and_the_url_follows_tls():
    settings = ClickHouseSettings("h", 8443, secure=True)
    assert settings.url == "https://h:8443"
    assert settings.using("other").database == "other"
