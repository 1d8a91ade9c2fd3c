"""Recordings of fastboot sessions: made at the transport, kept in a folder, played again."""
