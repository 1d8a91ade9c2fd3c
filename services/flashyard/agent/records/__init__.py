"""What is put on record of a job: gathered on its way, and told until a history has it."""
