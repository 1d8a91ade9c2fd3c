"""What is asked of jobs, devices and hubs that are there."""
