"""Real servers on loopback, written from the specifications; they import nothing of `trading`."""
