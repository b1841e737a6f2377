"""Where Binance is: the addresses of each product in each environment, and what the settings put in their place.

Sources: binance-spot-api-docs rest-api.md, web-socket-api.md, testnet/general-info.md, demo-mode/general-info.md;
derivatives/usds-margined-futures general-info and websocket-api-general-info. User data of USDT-M come from the
`/private` part of its streams since 2026-04-23, when the address without a part was shut down.
"""

from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit

from trading.binance.products import Product
from trading.errors import ConfigError


class Environment(StrEnum):
    """Real money, live prices with play money, or the test network that is wiped every month."""

    LIVE = "live"
    DEMO = "demo"
    TESTNET = "testnet"


class Addresses(NamedTuple):
    """Of one product. `rest` has no path; `ws_api` is whole; `streams` has no path.

    `wallet` is where the account itself is asked about its keys (/sapi), without a path; empty where there is none.
    """

    rest: str
    ws_api: str
    streams: str
    wallet: str = ""

    @property
    def is_secure(self) -> bool:
        """Whether any of them needs TLS."""
        return any(address.startswith(("https:", "wss:")) for address in self)


WS_API_PATHS = {Product.SPOT: "/ws-api/v3", Product.USDM: "/ws-fapi/v1"}

HOSTS: dict[tuple[Product, Environment], Addresses] = {
    (Product.SPOT, Environment.LIVE): Addresses(
        "https://api.binance.com", "wss://ws-api.binance.com:443", "wss://stream.binance.com:9443"
    ),
    (Product.SPOT, Environment.DEMO): Addresses(
        "https://demo-api.binance.com", "wss://demo-ws-api.binance.com", "wss://demo-stream.binance.com"
    ),
    (Product.SPOT, Environment.TESTNET): Addresses(
        "https://testnet.binance.vision", "wss://ws-api.testnet.binance.vision", "wss://stream.testnet.binance.vision"
    ),
    (Product.USDM, Environment.LIVE): Addresses(
        "https://fapi.binance.com", "wss://ws-fapi.binance.com", "wss://fstream.binance.com"
    ),
    (Product.USDM, Environment.DEMO): Addresses(
        "https://demo-fapi.binance.com", "wss://testnet.binancefuture.com", "wss://demo-fstream.binance.com"
    ),
    (Product.USDM, Environment.TESTNET): Addresses(
        "https://testnet.binancefuture.com", "wss://testnet.binancefuture.com", "wss://fstream.binancefuture.com"
    ),
}


def addresses_of(
    product: str, environment: str, rest_url: str = "", ws_api_url: str = "", stream_url: str = ""
) -> Addresses:
    """The addresses to use. What is given replaces scheme and host (a proxy, an emulator); the venue's path is kept.

    Raises:
        ConfigError: something given is not an address of its kind, or there is no such product or environment.
    """
    try:
        hosts = HOSTS[Product(product), Environment(environment)]
    except ValueError:
        remedy = "Products are spot and usdm, environments live, demo and testnet."
        raise ConfigError(f"Binance has no {product} in {environment!r}.", remedy) from None
    ws_api = _address("ws_api_url", ws_api_url, ("ws", "wss")) or hosts.ws_api
    for path in WS_API_PATHS.values():
        ws_api = ws_api.removesuffix(path)  # given with the path of either product, or without
    rest = _address("rest_url", rest_url, ("http", "https"))
    wallet = HOSTS[Product.SPOT, Environment.LIVE].rest if environment == Environment.LIVE else ""
    return Addresses(
        rest or hosts.rest,
        ws_api + WS_API_PATHS[Product(product)],
        _address("stream_url", stream_url, ("ws", "wss")) or hosts.streams,
        wallet and (rest or wallet),
    )


def _address(name: str, given: str, schemes: tuple[str, ...]) -> str:
    if not given:
        return ""
    parts = urlsplit(given)
    if parts.scheme not in schemes or not parts.netloc or parts.query or parts.fragment:
        # It is not repeated: an address may hold a password.
        raise ConfigError(f"The {name} is not an address.", f"Write it like {schemes[1]}://example.com.")
    return given.rstrip("/")
