"""Plain text: what is sent where markup was refused, files for what is too long, and how far work has got."""

from bot.chats.render.pages import Page
from handlers.reply import Image, Reply, as_text

WIDE = 120  # characters of a line in a file
BAR = 20  # characters


def plain(page: Page) -> str:
    """The lines of a page as they are."""
    return "\n".join(line.text for line in page)


def text_file(reply: Reply, title: str) -> Image:
    """All of a reply as a text file."""
    return Image(f"{title}.txt", f"{as_text(reply, WIDE)}\n".encode())


def progress(what: str, done: int, total: int) -> Reply:
    """How far a long piece of work has got: a message made of it is edited as the next one comes."""
    part = min(max(done, 0), total) if total > 0 else 0
    full = BAR * part // total if total > 0 else 0
    share = 100 * part // total if total > 0 else 0
    return Reply(f"{what}\n{'█' * full}{'░' * (BAR - full)} {share}% ({part} of {total})")
