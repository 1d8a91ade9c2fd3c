"""What is plugged in where: stations, modes, names. It opens nothing."""
