"""What the authors of STAR and ADORE published, in the forms that Pyserini and this package read."""
