"""Venues behind one port: each takes an `Approved` order to its books and tells what becomes of it."""
