"""Where the chats of the settings are now: a Telegram group that becomes a supergroup gets another id."""

from collections.abc import Iterable

from trading.audience import MovedChat
from trading.book import Book
from trading.events import ChatMoved


def homes(book: Book, platform: str, chats: Iterable[int]) -> dict[int, int]:
    """Where those are that have moved, however often."""
    found = {}
    for chat in chats:
        seen = [chat]
        while (moved := book.get(MovedChat, f"{platform}:{seen[-1]}")) and moved.new not in seen:
            seen.append(moved.new)
        if len(seen) > 1:
            found[chat] = seen[-1]
    return found


async def keep(book: Book, platform: str, old: int, new: int) -> None:
    """Keep that a chat has another id now.

    Raises:
        JournalError: it cannot be written.
    """
    known = book.get(MovedChat, f"{platform}:{old}")
    if known is None or known.new != new:
        await book.record(ChatMoved(platform, old, new))
