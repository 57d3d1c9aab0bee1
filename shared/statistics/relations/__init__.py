"""The relations that claims state: a module for each."""
