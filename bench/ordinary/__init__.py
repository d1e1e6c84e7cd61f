"""The same routes the ordinary way: Litestar, the eventsourcing library as it comes, rows written after events."""
