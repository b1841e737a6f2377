"""Every fault x open, close, modify, remove and pending x many seeds: the desk at an emulated MetaTrader 5 broker."""
