"""A fastboot device in software, speaking the real protocol; ships with the product."""

from flashyard.flash.emulator.emulated import EmulatedDevice
from flashyard.flash.emulator.mischief import Mischief, parse_mischief
from flashyard.flash.emulator.profile import Profile
from flashyard.flash.emulator.tcp import Address

__all__ = ["Address", "EmulatedDevice", "Mischief", "Profile", "parse_mischief"]
