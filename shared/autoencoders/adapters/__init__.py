"""Autoencoders that others trained, one module for each class or place that they come from."""
