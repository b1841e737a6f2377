"""Plain text: what is sent where markup was refused, and files for what is too long."""

from bot.chats.render.pages import Page
from handlers.reply import Image, Reply, as_text

WIDE = 120  # characters of a line in a file


def plain(page: Page) -> str:
    """The lines of a page as they are."""
    return "\n".join(line.text for line in page)


def text_file(reply: Reply, title: str) -> Image:
    """All of a reply as a text file."""
    return Image(f"{title}.txt", f"{as_text(reply, WIDE)}\n".encode())
