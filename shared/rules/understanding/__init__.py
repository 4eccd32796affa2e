"""What buyers' chat messages mean, by a curated lexicon: explainable, pure, quick enough for any function."""
