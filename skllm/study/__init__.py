"""Study: measure, record, draw. What notebooks share."""
