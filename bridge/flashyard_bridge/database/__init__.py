"""What a bridge keeps: one database, its tables, and how they came to be. It knows no HTTP."""
