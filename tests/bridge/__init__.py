"""The bridge to MetaTrader 5, its client, and both being killed."""
