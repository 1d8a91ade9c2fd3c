"""The web side: MQTT in, WebSocket and REST out."""
