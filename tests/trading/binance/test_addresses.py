"""Where Binance is, and what the settings may put in its place."""

import pytest

from trading.binance.addresses import addresses_of
from trading.errors import ConfigError


def test_every_product_has_its_addresses_in_every_environment() -> None:
    assert addresses_of("spot", "live") == (
        "https://api.binance.com",
        "wss://ws-api.binance.com:443/ws-api/v3",
        "wss://stream.binance.com:9443",
        "https://api.binance.com",
    )
    assert addresses_of("usdm", "demo").rest == "https://demo-fapi.binance.com"
    assert addresses_of("usdm", "live").ws_api == "wss://ws-fapi.binance.com/ws-fapi/v1"
    assert addresses_of("spot", "testnet").ws_api == "wss://ws-api.testnet.binance.vision/ws-api/v3"


def test_what_a_key_may_do_is_told_by_the_live_exchange_at_one_address_for_all_products() -> None:
    assert addresses_of("usdm", "live").wallet == "https://api.binance.com"
    assert addresses_of("usdm", "live", "http://relay:9").wallet == "http://relay:9"
    assert [addresses_of("spot", each, "http://relay:9").wallet for each in ("demo", "testnet")] == ["", ""]


@pytest.mark.parametrize("given", ["ws://relay:9", "ws://relay:9/", "ws://relay:9/ws-api/v3"])
def test_what_is_given_replaces_the_host_and_keeps_the_path(given: str) -> None:
    assert addresses_of("spot", "live", ws_api_url=given).ws_api == "ws://relay:9/ws-api/v3"
    assert addresses_of("spot", "live", "https://me:pw@proxy/binance/").rest == "https://me:pw@proxy/binance"


@pytest.mark.parametrize(
    "given", ["api.example.org", "ftp://me:pw@x", "https:///x", "https://x?key=y", "wss://me:pw@x"]
)
def test_what_is_no_address_is_refused_without_repeating_it(given: str) -> None:
    with pytest.raises(ConfigError) as told:
        addresses_of("spot", "live", given)
    assert given not in str(told.value)
    with pytest.raises(ConfigError, match="has no options"):
        addresses_of("options", "live")
