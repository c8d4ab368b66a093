"""What the demo and the reproduction matrix share: printed commands, folders that remember what is done."""
