"""MQTT 3.1.1 spoken, and nothing of what is said: connections, sessions, and who hears what."""
