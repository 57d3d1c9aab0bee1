"""Metrics as pure functions of waveforms and texts, and the job that scores a set of clips."""
