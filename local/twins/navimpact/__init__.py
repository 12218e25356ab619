"""NavImpact's integration API on this machine."""
