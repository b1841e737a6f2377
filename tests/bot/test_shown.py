"""Pictures that a bot names become files here, and nothing but pictures of that very bot."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.chats.shown import fetched
from bot.client import Client
from trading.errors import TradingError


class Wall(BaseHTTPRequestHandler):
    """Something that answers every address with a picture, but that of a page, and keeps what it was asked."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        kind = "text/html" if "page" in self.path else "image/png"
        self.send_response(404 if "gone" in self.path else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"\x89PNG")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def wall() -> Iterator[tuple[str, list[str]]]:
    handler = type("Wall", (Wall,), {"asked": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler.asked  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


async def _shown(url: str, image: str | None) -> Any:
    async with Client(url, "token") as client:
        return (await fetched(client, {"ok": True, "image": image}))["image"]


def _seen(file: Path) -> tuple[str, bytes, int]:
    return file.name, file.read_bytes(), file.parent.stat().st_mode & 0o777


@pytest.mark.parametrize(
    ("address", "name"),
    [("/api/v1/pictures/k/BTC-USDT-1m.png", "BTC-USDT-1m.png"), ("/api/v1/pictures/k/a b;$(c).png", "a-b-c-.png"),
     ("/api/v1/pictures/k/..", "picture.png"), ("/api/v1/pictures/k/..%2f..%2fx.png", "2f..-2fx.png"),
     ("/api/v1/pictures/k/.bashrc", "bashrc.png"), ("/api/v1/pictures/k/run.exe", "run.exe.png"),
     (f"/api/v1/pictures/k/{'a' * 300}.png", f"{'a' * 56}.png")],
)  # fmt: skip
async def test_a_picture_becomes_a_file_with_a_harmless_name(
    wall: tuple[str, list[str]], address: str, name: str
) -> None:
    assert _seen(Path(await _shown(wall[0], address))) == (name, b"\x89PNG", 0o700)


@pytest.mark.parametrize("address", ["/api/v1/pictures/k/page.png", "/api/v1/pictures/k/gone.png"])
async def test_what_is_no_picture_stays_an_address(wall: tuple[str, list[str]], address: str) -> None:
    assert await _shown(wall[0], address) == address
    assert await _shown(wall[0], None) is None


async def test_the_token_goes_to_no_other_address(wall: tuple[str, list[str]]) -> None:
    url, asked = wall
    for foreign in (f"{url}/api/v1/pictures/k/a.png", f"//{url.partition('//')[2]}/a.png", "/login", "api/a.png"):
        assert await _shown("http://127.0.0.1:9", foreign) == foreign
        async with Client("http://127.0.0.1:9", "token") as client:
            with pytest.raises(TradingError, match="not at this bot"):
                await client.picture(foreign)
    assert asked == []
