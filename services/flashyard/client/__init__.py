"""A bridge seen from outside, over REST and WebSocket."""
