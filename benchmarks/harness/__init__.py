"""What every benchmark shares: result files, tables for pages, the command line, parts to run on."""
