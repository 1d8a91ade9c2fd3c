"""The edge service: one agent per device, one hub per host."""
