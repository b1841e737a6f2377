"""What people are told unasked, and when: the journal read out, folded, repeated; prices watched; a sign of life."""
