CREATE TABLE org (id int PRIMARY KEY, code text UNIQUE, name text);
CREATE TABLE person (id bigint PRIMARY KEY, handle text UNIQUE, name text, born date);
CREATE TABLE team (id int PRIMARY KEY, org_id int, name text, lead_id bigint);
CREATE TABLE monitor (id bigint PRIMARY KEY, team_id int, author_id bigint, editor text, parent_id bigint, title text,
    score numeric, ratio float8, data jsonb, made timestamptz, active boolean);
CREATE TABLE recipient (id int PRIMARY KEY, monitor_id bigint, person_id bigint, kind text, address text);
CREATE TABLE tag (id int PRIMARY KEY, key text, owner_id int);
CREATE TABLE monitor_tag (monitor_id bigint, tag_id int, added int, PRIMARY KEY (monitor_id, tag_id));
CREATE TABLE step (org_code text, no int, title text, PRIMARY KEY (org_code, no));
CREATE TABLE note (id int PRIMARY KEY, org_code text, step_no int, body text);

CREATE TABLE change (seq bigserial PRIMARY KEY, tx bigint, tab text, op text, old_row jsonb, new_row jsonb);
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op = 'TRUNCATE' THEN
        INSERT INTO change (tx, tab, op) VALUES (txid_current(), tg_table_name, 't');
    ELSIF tg_op = 'INSERT' THEN
        INSERT INTO change (tx, tab, op, new_row) VALUES (txid_current(), tg_table_name, 'c', to_jsonb(new));
    ELSIF tg_op = 'DELETE' THEN
        INSERT INTO change (tx, tab, op, old_row) VALUES (txid_current(), tg_table_name, 'd', to_jsonb(old));
    ELSE
        INSERT INTO change (tx, tab, op, old_row, new_row) VALUES (txid_current(), tg_table_name, 'u', to_jsonb(old), to_jsonb(new));
    END IF;
    RETURN NULL;
END $$;
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['org', 'person', 'team', 'monitor', 'recipient', 'tag', 'monitor_tag', 'step', 'note'] LOOP
        EXECUTE format('CREATE TRIGGER note_row AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION note_change()', t);
        EXECUTE format('CREATE TRIGGER note_truncate AFTER TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION note_change()', t);
    END LOOP;
END $$;
