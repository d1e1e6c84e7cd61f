"""Settings that are more than one word: limits, networks, and lists of origins."""

from ipaddress import ip_network

import pytest

from schemas.settings import Limit, SettingError, Settings, read_settings

BUCKETS = {
    "oauth2_login": Limit(15, 300),
    "settings_execute": Limit(10, 300),
    "get_user_guilds_refresh": Limit(3, 300),
    "get_user_guilds_norefresh": Limit(5, 300),
    "get_user_guild_base_info": Limit(5, 300),
    "anonymous": Limit(60, 60),
    "user": Limit(300, 60),
    "bot": Limit(30, 10),
    "own_data": Limit(5, 3600),
}


def test_every_bucket_has_its_limit_unless_an_operator_says_otherwise() -> None:
    assert Settings().limits() == BUCKETS
    settings = read_settings({"GUILDBOOK_LIMIT_USER": "1/2", "GUILDBOOK_LIMIT_ANONYMOUS": "off"})
    others = {bucket: limit for bucket, limit in BUCKETS.items() if bucket != "anonymous"}
    assert settings.limits() == {**others, "user": Limit(1, 2)}


@pytest.mark.parametrize("text", ["0", "off"])
def test_a_limit_may_be_switched_off(text: str) -> None:
    assert "user" not in read_settings({"GUILDBOOK_LIMIT_USER": text}).limits()


@pytest.mark.parametrize(
    "text", ["10", "10/", "/5", "0/5", "5/0", "-1/5", "1/5s", "1 / 5", "1/5/6", "x", "1e3/5", "1000000/1"]
)
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="is not a limit"):
        read_settings({"GUILDBOOK_LIMIT_SETTINGS_EXECUTE": text})


def test_no_proxy_is_trusted_unless_it_is_named() -> None:
    assert Settings().proxies() == ()
    named = read_settings({"GUILDBOOK_TRUSTED_PROXIES": "10.0.0.0/8, fd00::/8,192.0.2.1"}).proxies()
    assert named == tuple(map(ip_network, ("10.0.0.0/8", "fd00::/8", "192.0.2.1/32")))


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy.example.org", "*", "10.0.0.0/33"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="TRUSTED_PROXIES"):
        read_settings({"GUILDBOOK_TRUSTED_PROXIES": text})


def test_dashboards_may_live_anywhere_unless_they_are_listed() -> None:
    assert Settings().dashboards() == {"*"}
    listed = read_settings({"GUILDBOOK_ANTIRAID_ORIGINS": "https://a.example, https://b.example"})
    assert listed.dashboards() == {"https://a.example", "https://b.example"}


def test_operators_are_accounts_and_there_are_none_unless_they_are_named() -> None:
    assert Settings().operator_accounts() == frozenset()
    named = read_settings({"GUILDBOOK_OPERATORS": "310000000000000007, 5"}).operator_accounts()
    assert named == {310000000000000007, 5}


@pytest.mark.parametrize("text", ["ines", "5;6", "1.5", "@me"])
def test_who_is_no_account_is_no_operator(text: str) -> None:
    with pytest.raises(SettingError, match="GUILDBOOK_OPERATORS"):
        read_settings({"GUILDBOOK_OPERATORS": text})
