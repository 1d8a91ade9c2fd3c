"""What is true of hubs, devices and jobs, as far as it was heard. Pure: the clocks are given."""
