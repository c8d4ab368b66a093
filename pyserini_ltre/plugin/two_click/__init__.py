"""What `pyserini.2cr` gets from us: this folder is appended to its path."""
