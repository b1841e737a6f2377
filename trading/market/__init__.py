"""Where prices come from: simulated, replayed from a file, or an exchange's; knows nothing of orders."""
