"""What each event changes, in pure steps; they know no journal and no venue."""
