"""Ended jobs column by column, a few thousand in a row of the database, to count many at once."""
