"""The edge service: one hub, and an agent for each of its devices."""

from flashyard.agent.hub import Hub
from flashyard.agent.serving import serve
from flashyard.agent.timing import Timing

__all__ = ["Hub", "Timing", "serve"]
