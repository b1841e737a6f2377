"""Judges every order before it may leave: limits, checks, sizes. It knows no chat and no venue's wire."""
