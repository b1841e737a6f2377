"""Replies as each chat takes them: pure functions within every limit of the platforms; nothing here sends."""
