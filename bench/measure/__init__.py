"""What the benchmarks have in common: a cluster, the limits, the peers, the report."""
