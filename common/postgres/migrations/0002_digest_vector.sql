-- What a partition's rows add up to, beside its checkpoint: 64 buckets of a count and a sum of the
-- rows' digests, written with the rows. Never out of line and never compressed: it is random bytes,
-- it changes with every batch, and 1,536 bytes still fit beside the rest.

SET LOCAL ROLE foldstream_migrator;

ALTER TABLE foldstream.checkpoint
    -- NULL: the partition's rows have not been added up yet.
    ADD COLUMN digests bytea CHECK (octet_length(digests) = 1536),
    -- Which secret keys the digests: XXH3-64 of foldstream.generation.secret.
    ADD COLUMN digest_key int8;
ALTER TABLE foldstream.checkpoint ALTER COLUMN digests SET STORAGE PLAIN;

RESET ROLE;
