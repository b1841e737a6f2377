"""Orders, risk, money, venues and strategies; must not know that chats, browsers or people exist."""
