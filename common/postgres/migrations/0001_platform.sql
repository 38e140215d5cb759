-- The platform's own tables and the roles of least privilege.

-- Roles belong to the whole server: made when missing, without passwords (how they log in is the
-- operator's matter); a migration of another database may be making them at this moment.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['foldstream_migrator', 'foldstream_projector',
                                  'foldstream_query', 'foldstream_checker'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I LOGIN', wanted);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
    BEGIN
        -- Later generations' tables are made by the migrator in the projector's name.
        IF NOT pg_has_role('foldstream_migrator', 'foldstream_projector', 'MEMBER') THEN
            GRANT foldstream_projector TO foldstream_migrator;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
    END;
    EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO foldstream_migrator',
                   current_database());
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I TO foldstream_projector, foldstream_query, foldstream_checker',
        current_database());
END $$;

ALTER SCHEMA foldstream OWNER TO foldstream_migrator;
ALTER TABLE foldstream.migration OWNER TO foldstream_migrator;
CREATE SCHEMA read AUTHORIZATION foldstream_projector;
CREATE SCHEMA read_gen AUTHORIZATION foldstream_projector;

SET LOCAL ROLE foldstream_migrator;

CREATE TABLE foldstream.projection (
    name text COLLATE "C" PRIMARY KEY,
    domain text COLLATE "C" NOT NULL,
    active_generation int4 NOT NULL
);

CREATE TABLE foldstream.generation (
    projection text COLLATE "C" NOT NULL,
    generation int4 NOT NULL CHECK (generation > 0),
    fold_version int4 NOT NULL,
    -- Key of the rows' digests. Whoever can read it can forge a row that no audit finds.
    secret bytea NOT NULL CHECK (octet_length(secret) = 192),
    state text NOT NULL CHECK (state IN ('active', 'building', 'retired')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (projection, generation)
);

-- Written once a batch, and never a column of an index: half-filled pages keep the updates HOT.
CREATE TABLE foldstream.checkpoint (
    projection text COLLATE "C" NOT NULL,
    generation int4 NOT NULL,
    partition int4 NOT NULL,
    owner_epoch int8 NOT NULL,
    owner text NOT NULL,
    -- The last valid record applied: -1 and zeros = none yet.
    record_offset int8 NOT NULL CHECK (record_offset >= -1),
    epoch int8 NOT NULL,
    sequence int8 NOT NULL,
    link int8 NOT NULL,
    -- Everything below has been read, ignored records included; never resumed from.
    seen_offset int8 NOT NULL,
    -- next_offset of the last valid entry.
    next_offset int8 NOT NULL,
    log_id bytea,
    partition_count int4 NOT NULL,
    applied_at timestamptz,
    -- Why the partition stands still; NULL = it does not.
    stopped text,
    PRIMARY KEY (projection, generation, partition)
) WITH (fillfactor = 50);

GRANT USAGE ON SCHEMA foldstream TO foldstream_projector, foldstream_query, foldstream_checker;
GRANT SELECT ON foldstream.migration, foldstream.projection, foldstream.checkpoint
    TO foldstream_projector, foldstream_query, foldstream_checker;
GRANT SELECT ON foldstream.generation TO foldstream_projector, foldstream_checker;
GRANT SELECT (projection, generation, fold_version, state, created_at) ON foldstream.generation
    TO foldstream_query;
GRANT INSERT, UPDATE ON foldstream.checkpoint TO foldstream_projector;

SET LOCAL ROLE foldstream_projector;

GRANT USAGE ON SCHEMA read, read_gen TO foldstream_query, foldstream_checker;
ALTER DEFAULT PRIVILEGES IN SCHEMA read, read_gen
    GRANT SELECT ON TABLES TO foldstream_query, foldstream_checker;

RESET ROLE;
