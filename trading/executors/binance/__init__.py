"""Binance, spot and USDT-M futures, behind the executor port."""
