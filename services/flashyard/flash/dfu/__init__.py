"""USB Device Firmware Upgrade: DFU 1.1 as USB-IF has it, and DfuSe as ST extended it."""
