"""The rules an order must pass, one small class each, by theme. They look at a view and change nothing."""
