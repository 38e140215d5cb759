"""Says whether the log, the answers and the read models are what they have to be. Raw Kafka and raw
Postgres, read with a validity, folds, decisions and SQL of its own: nothing of the C++ is used."""
