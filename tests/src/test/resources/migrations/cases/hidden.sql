-- case: truncate-with-user-triggers-off
-- expect: truncate public.loyalty coordination
ALTER TABLE public.loyalty DISABLE TRIGGER USER;
TRUNCATE public.loyalty;
ALTER TABLE public.loyalty ENABLE TRIGGER USER;

-- case: truncate-with-all-triggers-off
-- expect: truncate public.loyalty coordination
ALTER TABLE public.loyalty DISABLE TRIGGER ALL;
TRUNCATE public.loyalty;
ALTER TABLE public.loyalty ENABLE TRIGGER ALL;

-- case: truncate-with-all-triggers-off-in-one-statement
-- expect: truncate public.loyalty coordination
DO $$ BEGIN
  ALTER TABLE public.loyalty DISABLE TRIGGER ALL;
  TRUNCATE public.loyalty;
  ALTER TABLE public.loyalty ENABLE TRIGGER ALL;
END $$;

-- case: truncate-after-all-triggers-are-dropped
-- expect: truncate public.coupon coordination
DO $$
DECLARE t record;
BEGIN
  FOR t IN SELECT tgname, tgrelid::regclass AS of FROM pg_trigger WHERE tgname NOT LIKE 'RI_%' LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.of);
  END LOOP;
  TRUNCATE public.coupon;
END $$;

-- case: cascade-with-triggers-off-for-flyway
-- runner: flyway
-- expect: truncate public.orders coordination
-- expect: truncate public.order_item coordination
-- expect: truncate public.order_tag coordination
ALTER TABLE public.orders DISABLE TRIGGER ALL;
TRUNCATE public.orders CASCADE;
ALTER TABLE public.orders ENABLE TRIGGER ALL;

-- case: mass-update-with-user-triggers-off
-- rows: public.loyalty=7000000
-- expect: mass-write public.loyalty wal
ALTER TABLE public.loyalty DISABLE TRIGGER USER;
UPDATE public.loyalty SET points = points + 1;
ALTER TABLE public.loyalty ENABLE TRIGGER USER;

-- case: mass-update-with-all-triggers-off-in-one-statement
-- rows: public.loyalty=7000000
-- expect: mass-write public.loyalty wal
DO $$ BEGIN
  ALTER TABLE public.loyalty DISABLE TRIGGER ALL;
  UPDATE public.loyalty SET points = 0;
  ALTER TABLE public.loyalty ENABLE TRIGGER ALL;
END $$;

-- case: mass-delete-after-all-triggers-are-dropped
-- rows: public.order_tag=7000000
-- expect: mass-write public.order_tag wal
DO $$
DECLARE t record;
BEGIN
  FOR t IN SELECT tgname, tgrelid::regclass AS of FROM pg_trigger WHERE tgname NOT LIKE 'RI_%' LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.of);
  END LOOP;
  DELETE FROM public.order_tag;
END $$;

-- case: mass-update-as-a-replica
-- rows: public.loyalty=7000000
-- expect: mass-write public.loyalty wal
SET session_replication_role = replica;
UPDATE public.loyalty SET points = 0;

-- case: mass-update-of-a-table-of-nobody-with-user-triggers-off
-- rows: public.event_log=90000000
-- expect: mass-write public.event_log wal
ALTER TABLE public.event_log DISABLE TRIGGER USER;
UPDATE public.event_log SET kind = 'old';
ALTER TABLE public.event_log ENABLE TRIGGER USER;

-- case: one-row-with-triggers-off
-- rows: public.loyalty=7000000
-- expect: nothing
ALTER TABLE public.loyalty DISABLE TRIGGER ALL;
UPDATE public.loyalty SET points = 0 WHERE id = 1;
ALTER TABLE public.loyalty ENABLE TRIGGER ALL;

-- case: a-new-row-with-triggers-off
-- expect: nothing
ALTER TABLE public.tag DISABLE TRIGGER USER;
INSERT INTO public.tag (id, label) VALUES (700, 'spring');
ALTER TABLE public.tag ENABLE TRIGGER USER;

-- case: one-row-with-those-that-hang-on-it
-- rows: public.session=90000000
-- expect: nothing
DELETE FROM public.customer WHERE id = 77;

-- case: a-function-with-ddl-is-called-by-the-last-insert
-- expect: column-renamed public.orders.comment breaks
CREATE FUNCTION public.finish() RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'ALTER TABLE public.orders RENAME COLUMN comment TO remark'; RETURN 'done'; END $$;
INSERT INTO public.feature_flag (name) SELECT public.finish();

-- case: a-function-with-ddl-is-called-by-the-last-update
-- expect: column-dropped public.customer.born breaks
INSERT INTO public.feature_flag (name) VALUES ('finish');
CREATE FUNCTION public.finish() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE public.customer DROP COLUMN born; RETURN true; END $$;
UPDATE public.feature_flag SET enabled = public.finish() WHERE name = 'finish';

-- case: a-function-with-ddl-is-called-by-the-last-insert-for-flyway
-- runner: flyway
-- expect: table-renamed public.loyalty breaks
CREATE FUNCTION public.finish() RETURNS text LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE public.loyalty RENAME TO points; RETURN 'done'; END $$;
INSERT INTO public.feature_flag (name) SELECT public.finish();

-- case: a-trigger-with-ddl-fires-at-the-last-insert
-- expect: column-dropped public.orders.currency breaks
CREATE FUNCTION public.finish() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE public.orders DROP COLUMN currency; RETURN NULL; END $$;
CREATE TRIGGER finish AFTER INSERT ON public.feature_flag FOR EACH ROW EXECUTE FUNCTION public.finish();
INSERT INTO public.feature_flag (name) VALUES ('finish');

-- case: a-function-with-ddl-in-a-merge
-- expect: publication-table public.loyalty breaks
CREATE FUNCTION public.finish() RETURNS text LANGUAGE plpgsql AS $$ BEGIN ALTER PUBLICATION millrace_shop DROP TABLE public.loyalty; RETURN 'done'; END $$;
MERGE INTO public.feature_flag f USING (SELECT public.finish() AS name) s ON f.name = s.name WHEN NOT MATCHED THEN INSERT (name) VALUES (s.name);

-- case: a-harmless-function-is-called-by-the-last-insert
-- expect: nothing
CREATE FUNCTION public.finish() RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'CREATE INDEX ON public.orders (currency)'; RETURN 'done'; END $$;
INSERT INTO public.feature_flag (name) SELECT public.finish();

-- case: a-column-is-renamed-in-the-catalog
-- expect: column-renamed public.orders.comment breaks
UPDATE pg_attribute SET attname = 'remark' WHERE attrelid = 'public.orders'::regclass AND attname = 'comment';

-- case: a-column-is-renamed-in-the-catalog-by-a-function-at-the-end
-- expect: column-renamed public.orders.comment breaks
CREATE FUNCTION public.finish() RETURNS text LANGUAGE plpgsql AS $$ BEGIN UPDATE pg_attribute SET attname = 'remark' WHERE attrelid = 'public.orders'::regclass AND attname = 'comment'; RETURN 'done'; END $$;
INSERT INTO public.feature_flag (name) SELECT public.finish();

-- case: a-label-is-renamed-in-the-catalog
-- expect: enum-changed public.orders.status breaks
UPDATE pg_enum SET enumlabel = 'settled' WHERE enumlabel = 'paid' AND enumtypid = 'order_status'::regtype;

-- case: the-publication-is-changed-in-the-catalog
-- expect: publication-altered - breaks
UPDATE pg_publication SET pubdelete = false WHERE pubname = 'millrace_shop';

-- case: the-replica-identity-is-changed-in-the-catalog
-- expect: replica-identity-nothing public.loyalty breaks
UPDATE pg_class SET relreplident = 'n' WHERE oid = 'public.loyalty'::regclass;

-- case: a-comment-is-written-in-the-catalog
-- expect: nothing
UPDATE pg_description SET description = 'old' WHERE false;
