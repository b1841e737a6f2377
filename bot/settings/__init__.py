"""What the operator decides: defaults, tiller.toml, environment and secret files, checked before anything starts."""

from bot.settings.loading import load
from bot.settings.models import Settings

__all__ = ["Settings", "load"]
