"""Language models that understand human motion: render, reason, respond."""
