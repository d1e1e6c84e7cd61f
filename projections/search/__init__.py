"""The index of the trail: what may be asked of any event, found without reading the log."""
