"""kill -9 of the real process at random moments, and what its books and the venue's say afterwards."""
