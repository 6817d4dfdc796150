"""Speed beside model2vec and plain NumPy: equality first, then time."""
