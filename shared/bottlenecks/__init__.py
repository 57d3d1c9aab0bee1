"""Bottlenecks: what stands between encoder and decoder and shapes the latent distribution."""
