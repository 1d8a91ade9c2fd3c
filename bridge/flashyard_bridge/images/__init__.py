"""The image store: what was uploaded, and the signatures by which hubs may fetch it."""
