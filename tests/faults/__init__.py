"""What strikes at the platform: a proxy before Kafka, and a director that chooses who is hit."""
