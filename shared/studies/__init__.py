"""Studies: what is swept, the plan of jobs, statistics, claims, tables and the `replicate` command."""
