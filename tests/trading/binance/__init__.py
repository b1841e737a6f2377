"""What orders and prices at Binance have in common."""
