"""Figures: one style, and panels that any source's layout is put together from."""
