"""Training: stages as data over one loop."""
