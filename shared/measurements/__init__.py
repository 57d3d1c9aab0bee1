"""What is measured of latents, beside the scores of clips: a module for each measurement."""
