"""The HTTP service: a catalogue behind a site, with its page. Nothing of it is imported elsewhere."""
