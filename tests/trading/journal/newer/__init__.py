"""The migrations of a Tiller that does not exist yet: one more than there are."""
