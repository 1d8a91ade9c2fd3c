"""How fast bytes may go: buckets that are shared, and what one sender is allowed by several."""
