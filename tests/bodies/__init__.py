"""Random and mutated alerts, sent to a real desk: what it answers, and which orders they lead to."""
