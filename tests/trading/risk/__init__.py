"""The gate, its limits, its checks, its sizes."""
