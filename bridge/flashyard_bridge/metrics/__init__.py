"""What the bridge counts, told to a monitor. Read when asked: nothing on the way of a report."""
