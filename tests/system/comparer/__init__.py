"""Compares the read models with the log: own reader, own validity, own folds, own SQL."""
