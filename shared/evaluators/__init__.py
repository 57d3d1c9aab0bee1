"""Models that metrics use: trained here on the corpus, or the papers' own from the hub."""
