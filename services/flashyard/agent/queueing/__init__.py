"""What waits and whose turn is next: of the jobs of a device, and of the devices of a hub."""
