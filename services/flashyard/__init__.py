"""flashyard: flash fleets of USB devices and watch it live."""

__version__ = "0.1.0"  # read by the build, too
