"""The desk as plain rows, ready to be sent to a browser as JSON; must not know what a panel looks like."""
