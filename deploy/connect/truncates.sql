-- Carries out in a copy what TRUNCATE, and readings of whole tables, took at the source, and keeps what a worker writes again from taking a row back to what it was.
-- Run it in each schema of the copy before its connector starts, with that schema as the first of search_path.
CREATE TABLE IF NOT EXISTS millrace_truncated (table_name text, partition integer, millrace_position bytea NOT NULL, PRIMARY KEY (table_name, partition));

-- Rows that are there and older.
CREATE OR REPLACE FUNCTION millrace_take() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass(format('%I.%I', TG_TABLE_SCHEMA, NEW.table_name)) IS NOT NULL THEN
        EXECUTE format('DELETE FROM %I.%I WHERE millrace_position < $1', TG_TABLE_SCHEMA, NEW.table_name) USING NEW.millrace_position;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER millrace_take AFTER INSERT OR UPDATE ON millrace_truncated FOR EACH ROW EXECUTE FUNCTION millrace_take();

-- Rows that are older and come later, since a sink writes table by table, and one that was killed writes again what it had not committed.
CREATE OR REPLACE FUNCTION millrace_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    taken boolean;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.millrace_position < OLD.millrace_position THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.millrace_truncated WHERE table_name = $1 AND millrace_position > $2)', TG_TABLE_SCHEMA) INTO taken USING TG_TABLE_NAME, NEW.millrace_position;
    IF taken THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;

-- On each table that the sink makes, or gives the column afterwards, as it does where the first record is a delete. Only a superuser may make this trigger; without it, do for each table what it does.
CREATE OR REPLACE FUNCTION millrace_attach() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
    made record;
BEGIN
    FOR made IN SELECT c.oid::regclass AS name, d.schema_name FROM pg_event_trigger_ddl_commands() d JOIN pg_class c ON c.oid = d.objid
            WHERE d.object_type = 'table' AND c.relkind = 'r' AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'millrace_position') AND c.relname <> 'millrace_truncated' LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER millrace_refuse BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION %I.millrace_refuse()', made.name, made.schema_name);
    END LOOP;
END $$;
DROP EVENT TRIGGER IF EXISTS millrace_attach;
CREATE EVENT TRIGGER millrace_attach ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE') EXECUTE FUNCTION millrace_attach();
