"""Respond: words become an answer, answers become a score."""
