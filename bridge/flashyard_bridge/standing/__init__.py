"""Standing orders: flash whatever is plugged in, once per serial. It knows no HTTP."""
