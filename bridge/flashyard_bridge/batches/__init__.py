"""Batches: one start for many devices, with limits, one progress and one end. It knows no HTTP."""
