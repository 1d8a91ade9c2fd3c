"""What is written: image files opened, examined and cut into parts, whatever they are made of."""
