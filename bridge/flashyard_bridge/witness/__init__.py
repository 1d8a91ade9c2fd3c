"""Whoever asks over HTTP, what for, and what was answered: seen from outside, for the trail."""
