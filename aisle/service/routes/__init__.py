"""One module for each resource of the service."""
