"""The one HTTP server: API, event stream, sign-in and dashboard; must not know how orders are made."""
