"""Proof: what a user or a venue would observe."""
