"""Discord, by discord.py. Only these modules import it, and only they are imported where it is configured."""
