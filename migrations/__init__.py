"""Schema changes of the journal's database, in order; must not know anything but the models they change."""
