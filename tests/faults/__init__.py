"""Kill, restart, cut, fill; then count."""
