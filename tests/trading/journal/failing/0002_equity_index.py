"""As it is."""

from importlib import import_module

Migration = import_module("migrations.0002_equity_index").Migration
