"""Streams over WebSockets and server-sent events, against running servers."""
