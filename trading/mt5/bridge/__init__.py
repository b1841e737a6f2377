"""The client of `tiller bridge`, and what both its ends speak: calls, structures, messages; it knows no orders."""
