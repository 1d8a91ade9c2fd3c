"""What each role is told before it starts: frozen values, decoded once, passed by parameter.

They come from file, environment and flags by `flashyard.sources.load`; built directly they are
made of their arguments alone. They open, bind and create nothing.
"""

from flashyard.settings.bridge import BridgeSettings
from flashyard.settings.broker import CREDENTIALS, BrokerSettings
from flashyard.settings.client import ClientSettings
from flashyard.settings.emulator import EmulatorSettings
from flashyard.settings.hub import HostSettings, HubSettings
from flashyard.settings.link import LinkSettings
from flashyard.settings.network_device import NetworkDevice
from flashyard.settings.port_rule import PortRule
from flashyard.settings.settings import Settings
from flashyard.settings.up import UpSettings

__all__ = [
    "CREDENTIALS",
    "BridgeSettings",
    "BrokerSettings",
    "ClientSettings",
    "EmulatorSettings",
    "HostSettings",
    "HubSettings",
    "LinkSettings",
    "NetworkDevice",
    "PortRule",
    "Settings",
    "UpSettings",
]
