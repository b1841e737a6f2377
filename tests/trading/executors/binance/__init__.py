"""The Binance executor, part by part."""
