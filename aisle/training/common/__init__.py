"""What every training shares: the run folder, settings, base models, progress."""
