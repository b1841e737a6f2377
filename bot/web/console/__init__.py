"""The console in the browser: shows the books and sends command lines; must not know how either is made."""

from bot.web.console.mount import add_console

__all__ = ["add_console"]
