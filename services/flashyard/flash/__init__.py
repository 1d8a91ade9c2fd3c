"""Writing bytes to devices: a blocking world that knows no MQTT."""
