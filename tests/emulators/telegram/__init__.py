"""An emulated Telegram Bot API server, written from the documentation; it knows nothing of the desk."""
