"""The composition root: the only rooms that name concrete parts. A new venue, market or chat is one row here."""
