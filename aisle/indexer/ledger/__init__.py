"""What an index run has done so far, on disk, so that a killed run can be resumed."""
