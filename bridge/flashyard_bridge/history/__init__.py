"""The jobs that ended, for good: stored once each, found, and counted. It knows no HTTP."""
