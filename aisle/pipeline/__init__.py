"""From a shop's data to the live release, in cached steps: what `aisle pipeline run` does."""
