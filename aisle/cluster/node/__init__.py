"""The embedded node: a real OpenSearch server on this machine, without Docker."""
