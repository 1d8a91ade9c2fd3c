"""flashyard: flash fleets of USB devices and watch it live."""

from importlib.metadata import version

__version__ = version("flashyard")
