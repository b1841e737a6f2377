"""The one HTTP server: API, event stream, sign-in and console; must not know how orders are made."""
