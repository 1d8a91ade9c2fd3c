"""A recipe carried out, once: its acts in their order, and what is seen of them from outside."""
