"""Alerts from outside: whose they are, how they are stored, read and carried out, one after the other."""
