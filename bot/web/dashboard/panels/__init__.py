"""One small file for each panel; must not know the desk: it is given rows, and what is pressed becomes a line."""
