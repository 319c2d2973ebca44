"""Watching what is live: figures against a baseline, and alarms that do not flap. Pure."""
