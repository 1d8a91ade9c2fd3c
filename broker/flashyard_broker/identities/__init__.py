"""Who may come in: credentials, and the access table as a plugin or as Mosquitto's files."""
