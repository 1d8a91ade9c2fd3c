"""`flashyard batch`: the same flashed to many devices, started, told and steered as one thing."""
