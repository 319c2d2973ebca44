"""What the figures on pages are measured with: a folder for each topic, `harness/` for what they share."""
