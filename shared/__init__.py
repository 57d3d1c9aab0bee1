"""All that the replications share. A package of its own, so that a checkout never sees the modules of another."""
