"""The whole desk on a virtual clock with a faulty venue: same seed, same journal, and nothing doubled or lost."""
