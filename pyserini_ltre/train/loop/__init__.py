"""The training loop: schedule, Hugging Face's Trainer, checkpoints, progress, and what came of it."""
