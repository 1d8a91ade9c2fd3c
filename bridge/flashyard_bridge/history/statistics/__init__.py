"""How often jobs ended well, how long they took and how fast they were. It knows no HTTP."""
