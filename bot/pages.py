"""The pages that are made from the code, so that they cannot say anything else than it."""

from collections.abc import Iterator
from pathlib import Path

from bot.settings_page import example_toml, settings_page
from handlers import commands
from handlers.help import commands_page
from handlers.tradingview.messages import page as tradingview_page
from trading.errors import TradingError
from trading.risk.page import risk_page

ROOT = Path(__file__).resolve().parent.parent
__all__ = ["ROOT", "check", "commands", "pages", "write"]  # commands: importing declares them


def pages() -> Iterator[tuple[str, str]]:
    """Every generated page: where it is in the checkout, and its text."""
    yield "docs/commands.md", commands_page()
    yield "docs/settings.md", settings_page()
    yield "docs/risk.md", risk_page()
    yield "docs/tradingview.md", tradingview_page()
    yield "tiller.example.toml", example_toml()


def write(root: Path) -> list[Path]:
    """Write each page that is not up to date; answers which.

    Raises:
        TradingError: `root` is not a checkout, or cannot be written.
    """
    return [_write(path, text) for path, text in _stale(root)]


def check(root: Path) -> None:
    """See that every page is up to date.

    Raises:
        TradingError: one is not; it is named.
    """
    stale = [str(path.relative_to(root)) for path, _ in _stale(root)]
    if stale:
        raise TradingError(f"{', '.join(stale)}: not what the code says.", "Run: tiller docs", code="STALE")


def _stale(root: Path) -> list[tuple[Path, str]]:
    if not (root / "docs").is_dir():
        raise TradingError(f"{root} is not a checkout of Tiller: it has no docs.", "Name one: --folder DIR")
    return [(root / name, text) for name, text in pages() if _read(root / name) != text]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
