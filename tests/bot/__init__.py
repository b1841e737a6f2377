"""The running process: settings, logs, metrics, surfaces."""
