"""The paper venue."""
