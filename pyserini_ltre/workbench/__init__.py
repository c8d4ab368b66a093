"""A page in the browser over an index: encoders side by side, judgements, and teaching again."""
