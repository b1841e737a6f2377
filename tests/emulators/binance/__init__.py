"""A Binance on loopback, written from the exchange's public documentation; it imports nothing of `trading`."""
