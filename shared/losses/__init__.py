"""Losses: reconstruction in the frequency domain and adversarial, each knowing nothing of the trainer."""
