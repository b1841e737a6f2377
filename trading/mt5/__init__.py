"""The MetaTrader5 package as both ends of the bridge see it: calls, constants, structures; it knows no orders."""
