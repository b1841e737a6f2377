"""Where chats are that got another id."""

from bot.chats.moves import homes, keep
from tests.kit import HandClock, MemoryJournal
from trading.book import Book
from trading.events import ChatMoved


async def test_a_group_that_moved_is_found_after_a_restart_and_kept_once() -> None:
    journal = MemoryJournal()
    book = Book(journal, HandClock())
    for old, new in ((-5, -1005), (-5, -1005), (-1005, -2005)):
        await keep(book, "telegram", old, new)
    again = Book(journal, HandClock())
    await again.open()
    assert homes(again, "telegram", [-5, -6]) == {-5: -2005}
    assert homes(again, "discord", [-5]) == {}
    assert [entry.event for entry in journal.entries] == [
        ChatMoved("telegram", -5, -1005), ChatMoved("telegram", -1005, -2005),
    ]  # fmt: skip


async def test_a_circle_of_moves_ends() -> None:
    book = Book(MemoryJournal(), HandClock())
    await book.record(ChatMoved("telegram", -5, -6), ChatMoved("telegram", -6, -5))
    assert homes(book, "telegram", [-5]) == {-5: -6}
