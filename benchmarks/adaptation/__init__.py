"""What adapting to a domain gains and costs."""
