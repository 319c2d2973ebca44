"""The page: a catalogue in a browser, as HTML that works without scripts. It asks the clients, no API."""
