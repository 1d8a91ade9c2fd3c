"""The way back of a job: what it would be, and the records it is made of."""
