"""Who asked for what, when, from where, and what came of it. It knows no HTTP."""
