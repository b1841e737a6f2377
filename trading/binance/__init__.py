"""Binance below both orders and prices: its addresses, its products, and how much may be asked of it."""
