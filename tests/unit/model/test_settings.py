"""Settings never show their secrets."""

from __future__ import annotations

import pytest

from streamproof.model.settings import Connections, FlinkSettings, KafkaSettings, WarehouseSettings, rest_url


def test_secrets_are_not_in_the_text_of_the_settings():
    kafka = KafkaSettings("broker:9092", options={"sasl.password": "s3cret"})
    warehouse = WarehouseSettings("host", 8123, password="s3cret")
    assert "s3cret" not in f"{kafka!r} {kafka} {warehouse!r} {warehouse} {warehouse.url}"


def test_client_config_takes_options_and_extra_keys():
    config = KafkaSettings("b:1", options={"security.protocol": "ssl"}).client_config(group_id="g")
    assert config == {"bootstrap.servers": "b:1", "security.protocol": "ssl", "group.id": "g"}


def test_the_database_can_be_changed_and_the_url_follows_tls():
    settings = WarehouseSettings("h", 8443, secure=True)
    assert settings.url == "https://h:8443"
    assert settings.using("other").database == "other"


def test_the_password_of_flink_is_a_secret():
    flink = FlinkSettings("https://flink:8081", user="u", password="hush")
    found = Connections(WarehouseSettings("h", 1, password="s3cret"), source="a test", flink=flink)
    assert "hush" not in f"{found!r} {flink}"
    assert found.secrets() == ("s3cret", "hush")


@pytest.mark.parametrize(
    ("address", "url", "host", "port"),
    [
        ("flink:8081", "http://flink:8081", "flink", 8081),
        (" https://flink.example/rest/ ", "https://flink.example/rest", "flink.example", 443),
        ("http://[::1]:8081", "http://[::1]:8081", "::1", 8081),
        ("flink", "http://flink", "flink", 80),
    ],
)
def test_addresses_of_rest_interfaces(address, url, host, port):
    settings = FlinkSettings(rest_url(address))
    assert (settings.url, settings.host, settings.port, settings.secure) == (url, host, port, url.startswith("https"))


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://u:hush@flink:8081", "holds a user or a password"),
        ("ftp://flink", "neither http nor https"),
        ("http://flink:99999", "its port"),
        ("http://flink:x", "its port"),
        ("http://flink:0", "no host and port"),
        ("http://", "no host and port"),
        ("http://a b:1", "no host and port"),
        ("http://flink/?x=1", "query"),
        ("", "no host and port"),
    ],
)
def test_an_address_that_is_none_says_why_and_shows_no_password(address, why):
    with pytest.raises(ValueError, match=why) as refused:
        rest_url(address)
    assert "hush" not in str(refused.value)
