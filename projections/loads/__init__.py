"""Runs of the loader, each as it is shown."""
