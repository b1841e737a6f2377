"""Two migrations more than there are, of which the last one fails half-way."""
