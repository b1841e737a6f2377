"""A MetaTrader 5 terminal and the trade server behind it, with the surface of the `MetaTrader5` package; it imports
nothing of `trading`.
"""
