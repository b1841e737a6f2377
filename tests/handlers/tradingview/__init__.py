"""Alerts: what is read, what is refused, and that nothing is guessed."""
