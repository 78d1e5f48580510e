"""Reason: pictures and a question become a loss, or words. This floor never learns that the pictures were a skeleton."""
