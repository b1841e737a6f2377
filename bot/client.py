"""A running bot, seen from another process: its HTTP API and its event stream.

`TILLER_URL` and `TILLER_TOKEN` name the bot; without them it is the one of the settings, with the token that it
keeps in its data directory.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from bot.settings.models import Settings
from trading.errors import ConfigError, TradingError

PATIENCE_S = 60.0
PAUSES_S = (0.5, 1, 2, 5, 10)  # between two tries to reach the stream again
LARGEST = 16 * 2**20  # bytes of one event
ADDRESS = "address"
"""The file in the data directory that says where its bot listens: `--port` may differ from the settings."""

Shape = dict[str, Any]


class Client:
    """Use it in `async with`. Every method raises ConfigError when no bot answers there or the token is not known.

    `own` is the data directory that both are from: whoever does not know its token is another desk's bot.
    """

    def __init__(self, url: str, token: str, patience_s: float = PATIENCE_S, own: Path | None = None) -> None:
        self.url = url
        self._own = own
        self._patience_s = patience_s
        self._headers = {"Authorization": f"Bearer {token}", "X-Tiller-Surface": "terminal"}
        self._local = is_local(url)
        # What is on this machine is not asked for through a proxy.
        self._http = httpx.AsyncClient(
            base_url=url, headers=self._headers, timeout=patience_s, trust_env=not self._local
        )

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._http.aclose()

    async def run(self, line: str, key: str = "") -> Shape:
        """Run a command line; answers the reply."""
        return await self._ask("POST", "/api/v1/commands", json={"line": line, "key": key})  # type: ignore[no-any-return]

    async def complete(self, text: str, cursor: int) -> list[Shape]:
        """What may be typed at the cursor."""
        return await self._ask("POST", "/api/v1/complete", json={"text": text, "cursor": cursor})  # type: ignore[no-any-return]

    async def get(self, path: str, **params: object) -> Any:
        """One of the read routes: `status`, `events`, ..."""
        return await self._ask("GET", f"/api/v1/{path}", params=params)

    async def picture(self, path: str) -> bytes:
        """The picture at the address that a reply named; the token goes to our own bot only."""
        if not path.startswith("/api/"):
            raise TradingError("The picture is not at this bot.", code="NO_PICTURE")
        try:
            answer = await self._http.get(path)
        except (httpx.TransportError, httpx.InvalidURL):
            raise no_bot(self.url) from None
        if not answer.is_success or not answer.headers.get("content-type", "").startswith("image/"):
            raise TradingError("There is no such picture any more.", "Run the command again.", code="NO_PICTURE")
        return answer.content

    async def try_alert(self, source: str, body: bytes) -> Shape:
        """How a body of a source would be read; answers the reply."""
        return await self._ask("POST", f"/api/v1/webhooks/{quote(source, safe='')}/test", content=body)  # type: ignore[no-any-return]

    async def link(self) -> list[str]:
        """A one-time link to sign in at the console, by each address: the one of the settings first."""
        made = await self._ask("POST", "/api/v1/links")
        return list(dict.fromkeys(filter(None, (made.get("url"), f"{self.url}{made['path']}"))))

    async def _ask(self, method: str, path: str, **request: Any) -> Any:
        try:
            answer = await self._http.request(method, path, **request)
        except httpx.ConnectError:
            raise no_bot(self.url) from None
        except httpx.TimeoutException:
            text = (
                f"Tiller at {self.url} did not answer within {self._patience_s:.0f} s: it may have been done, or not."
            )
            raise TradingError(text, "Look before you repeat it: orders, status.", code="NO_ANSWER") from None
        except (httpx.TransportError, httpx.InvalidURL) as why:
            text = (
                f"The connection to Tiller at {self.url} broke ({type(why).__name__}): it may have been done, or not."
            )
            raise TradingError(text, "Look before you repeat it: orders, status.", code="NO_ANSWER") from None
        return self._read(answer)

    def _read(self, answer: httpx.Response) -> Any:
        try:
            said = answer.json()
        except ValueError:
            said = None
        if answer.is_success and said is not None:
            return said
        if answer.status_code == 401:
            raise self._unknown()
        if isinstance(said, dict) and isinstance(said.get("text"), str):
            raise TradingError(said["text"], str(said.get("remedy", "")), code=str(said.get("error", "ERROR")))
        raise ConfigError(
            f"What answers at {self.url} is not Tiller (HTTP {answer.status_code}).", "Check TILLER_URL or [web] port."
        )

    def _unknown(self) -> ConfigError:
        return bad_token(self.url) if self._own is None else no_bot(self.url, self._own)

    async def events(self, after: int, connected: Callable[[bool], None]) -> AsyncIterator[Shape]:
        """The journal from `after` on, for ever, with the words of each alert; it is connected to again by itself.

        `connected` is told of each loss and each return. Nothing is missed and nothing comes twice.

        Raises:
            ConfigError: the token is not known there.
        """
        from websockets.asyncio.client import connect  # only who follows needs it
        from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

        failed = 0
        while True:
            url = f"ws{self.url.removeprefix('http')}/api/v1/stream?after={after}&alerts=true"
            try:
                direct: dict[str, Any] = {"proxy": None} if self._local else {}
                async with connect(url, additional_headers=self._headers, max_size=LARGEST, **direct) as socket:
                    connected(True)
                    async for message in socket:
                        failed = 0
                        event: Shape = json.loads(message)
                        after = event["seq"]
                        yield event
                    if socket.close_code == 4401:
                        raise self._unknown()
            except ConnectionClosed as why:
                if why.rcvd is not None and why.rcvd.code == 4401:
                    raise self._unknown() from None
            except (OSError, TimeoutError, InvalidHandshake, InvalidMessage):
                pass
            connected(False)
            await asyncio.sleep(PAUSES_S[min(failed, len(PAUSES_S) - 1)])
            failed += 1


def connect(settings: Callable[[], Settings], environ: Mapping[str, str], patience_s: float = PATIENCE_S) -> Client:
    """The client of the bot that the environment names, or else the settings; these are read only if needed.

    Raises:
        ConfigError: the settings are wrong, TILLER_URL is not an address, or its token is missing.
    """
    url, token = environ.get("TILLER_URL", "").strip().rstrip("/"), environ.get("TILLER_TOKEN", "").strip()
    if url:
        _check_address(url)
        if not token and not is_local(url):
            # The token of this machine's own bot is not for another's.
            raise ConfigError("TILLER_URL is set, but not TILLER_TOKEN.", "Make one there: tiller token --new")
        if token:
            return Client(url, token, patience_s)
    known = settings()
    if url or token:
        url, token = url or address(known) or configured(known), token or local_token(known)
        if not token:
            raise ConfigError(
                f"There is no token for {url}.", "Make one there, and set TILLER_TOKEN: tiller token --new"
            )
        return Client(url, token, patience_s)
    token, url = local_token(known), address(known)
    if not token or not url:
        raise no_bot(configured(known), known.data_dir)
    return Client(url, token, patience_s, known.data_dir)


def address(settings: Settings) -> str:
    """Where the bot of these settings listens, as it says itself; empty if it does not run."""
    return _kept(settings.data_dir / ADDRESS)


def configured(settings: Settings) -> str:
    """Where a bot of these settings would listen."""
    host = settings.web.host
    host = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    return f"http://{host}:{settings.web.port}"


def local_token(settings: Settings) -> str:
    """The token of this machine's bot; empty if it never ran."""
    return _kept(settings.data_dir / "token")


def is_local(url: str) -> bool:
    """Whether the address is on this machine."""
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def no_bot(url: str, own: Path | None = None) -> ConfigError:
    which = f"No Tiller of {own}" if own else "No Tiller"
    return ConfigError(f"{which} answers at {url}.", "Start it with `tiller run`.", code="NO_BOT")


def bad_token(url: str) -> ConfigError:
    remedy = "Name the bot's --data-dir, or set TILLER_TOKEN to one made with: tiller token --new"
    return ConfigError(f"Tiller at {url} does not know this token.", remedy, code="BAD_TOKEN")


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        fine = False
    if not fine:
        raise ConfigError("TILLER_URL is not an address.", "Write it like http://127.0.0.1:8420.")


def _kept(file: Path) -> str:
    """What a bot keeps in its data directory for those beside it; empty if it does not.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as why:
        reason = why.strerror if isinstance(why, OSError) else "not text"
        raise ConfigError(f"{file} cannot be read: {reason}.", "Use the bot's own user, or set TILLER_TOKEN.") from None
