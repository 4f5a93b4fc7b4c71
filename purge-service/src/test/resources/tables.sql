CREATE SCHEMA millrace;
CREATE TABLE millrace.outboxevent (id uuid PRIMARY KEY, aggregatetype varchar(255) NOT NULL, aggregateid varchar(512) NOT NULL, type varchar(255) NOT NULL,
    "timestamp" timestamptz NOT NULL, payload varchar(8000), tracingspancontext varchar(256));
CREATE TABLE millrace.purge_audit (id uuid PRIMARY KEY, pipeline text NOT NULL, document_id text NOT NULL, requested_by text NOT NULL, reason text NOT NULL,
    requested_at timestamptz NOT NULL, idempotency_key text UNIQUE);
CREATE TABLE millrace.purge_outcome (erasure uuid PRIMARY KEY, version bigint NOT NULL, seen_at timestamptz NOT NULL);
CREATE TABLE millrace.verification (id uuid PRIMARY KEY, pipeline text NOT NULL, requested_by text NOT NULL, requested_at timestamptz NOT NULL, repair boolean NOT NULL, sample double precision NOT NULL,
    state text NOT NULL, report text NOT NULL, seen_at timestamptz NOT NULL);
CREATE TABLE millrace.retention_run (id uuid PRIMARY KEY, pipeline text NOT NULL, as_of timestamptz NOT NULL, told text NOT NULL, shown bigint NOT NULL, leaving bigint NOT NULL, returned bigint NOT NULL,
    state text NOT NULL, requested_by text NOT NULL, requested_at timestamptz NOT NULL, decided_by text, reason text, decided_at timestamptz, seen_at timestamptz);
CREATE TABLE millrace.subject_erasure (id uuid PRIMARY KEY, subject text NOT NULL, key_hash text NOT NULL, requested_by text NOT NULL, reason text NOT NULL, requested_at timestamptz NOT NULL, idempotency_key text NOT NULL UNIQUE,
    found text NOT NULL, hidden_at timestamptz, proof text, records_until timestamptz, ended_at timestamptz, ended_by text, EXCLUDE (subject WITH =, key_hash WITH =) WHERE (ended_at IS NULL));
CREATE TABLE public.monitor (id bigint PRIMARY KEY);
CREATE ROLE reader LOGIN PASSWORD 'pa$$w0rd\${x}';
GRANT USAGE ON SCHEMA millrace TO reader;
GRANT SELECT, INSERT ON millrace.outboxevent, millrace.purge_audit, millrace.purge_outcome TO reader;
GRANT SELECT, INSERT, UPDATE ON millrace.verification, millrace.retention_run, millrace.subject_erasure TO reader;
CREATE FUNCTION millrace.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused by the test'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON millrace.outboxevent FOR EACH ROW WHEN (NEW.aggregateid = 'refused') EXECUTE FUNCTION millrace.refuse();
