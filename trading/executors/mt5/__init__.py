"""A MetaTrader 5 account behind the executor port; knows nothing of chat, and is handed the package by others."""
