"""The browsers: their sockets, what each wants, and what each has yet to receive."""
