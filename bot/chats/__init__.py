"""Where people type: each chat carries lines to the one door and shows what comes back; it decides nothing."""
