"""What a training is fed: queries with their relevant rows, pairs with negatives, documents, their order."""
