"""Telegram, by python-telegram-bot. Only these modules import it, and only they are imported where it is configured."""
