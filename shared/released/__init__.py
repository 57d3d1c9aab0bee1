"""Weights that others released, read into this project's classes: `replicate import`."""
