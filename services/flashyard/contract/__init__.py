"""What may be said between hub, broker, bridge and browser. Pure: no I/O, no clock, no threads."""
