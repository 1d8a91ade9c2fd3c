"""USB as this host has it: libusb, the memory its transfers share, a device's claimed interface."""
