"""What the chats are shown, and what they take."""
