"""What the operator decides: defaults, tiller.toml, environment and secret files, checked before anything starts."""
