-- case: create-an-index
-- expect: nothing
CREATE INDEX orders_currency ON public.orders (currency);

-- case: create-an-index-concurrently
-- expect: nothing
CREATE INDEX CONCURRENTLY orders_currency ON public.orders (currency);

-- case: drop-an-index-concurrently
-- expect: nothing
DROP INDEX CONCURRENTLY public.orders_placed;

-- case: reindex
-- expect: nothing
REINDEX TABLE public.orders;

-- case: create-a-unique-index
-- expect: nothing
CREATE UNIQUE INDEX ON public.orders (customer_id, placed);

-- case: add-a-foreign-key
-- expect: nothing
ALTER TABLE public.coupon ADD CONSTRAINT coupon_customer FOREIGN KEY (customer_id) REFERENCES public.customer NOT VALID;
ALTER TABLE public.coupon VALIDATE CONSTRAINT coupon_customer;

-- case: drop-a-foreign-key
-- expect: nothing
ALTER TABLE public.order_item DROP CONSTRAINT order_item_order_id_fkey;

-- case: add-a-check
-- expect: nothing
ALTER TABLE public.orders ADD CONSTRAINT positive CHECK (total >= 0);

-- case: comments
-- expect: nothing
COMMENT ON TABLE public.orders IS 'What people ordered; DROP TABLE public.orders would be bad';
COMMENT ON COLUMN public.orders.comment IS 'ALTER TABLE public.orders DROP COLUMN comment';

-- case: words-in-strings-and-comments
-- expect: nothing
-- DROP TABLE public.orders;
/* ALTER TABLE public.orders DROP COLUMN comment; /* nested; */ TRUNCATE public.orders; */
SELECT 'DROP TABLE public.orders; ' || $q$TRUNCATE public.orders; '$q$ || E'it\'s; DELETE FROM public.orders';

-- case: timeouts
-- expect: nothing
SET lock_timeout = '2s';
SET statement_timeout = '1min';
SELECT set_config('idle_in_transaction_session_timeout', '1000', false);
RESET statement_timeout;

-- case: functions
-- expect: nothing
CREATE OR REPLACE FUNCTION public.total(o public.orders) RETURNS numeric LANGUAGE sql AS $$ SELECT o.total; $$;
CREATE FUNCTION public.twice(i integer) RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT i; SELECT CASE WHEN i > 0 THEN i * 2 ELSE 0 END; END;
CREATE PROCEDURE public.clean() LANGUAGE plpgsql AS $body$ BEGIN DELETE FROM public.orders; TRUNCATE public.tag; END; $body$;
DROP FUNCTION public.twice(integer);

-- case: views
-- expect: nothing
CREATE VIEW public.paid_order AS SELECT * FROM public.orders WHERE status = 'paid';
CREATE MATERIALIZED VIEW public.order_sum AS SELECT customer_id, sum(total) FROM public.orders GROUP BY 1;
REFRESH MATERIALIZED VIEW public.order_sum;
DROP VIEW public.open_order;

-- case: triggers
-- expect: nothing
CREATE TRIGGER touch BEFORE UPDATE ON public.orders FOR EACH ROW EXECUTE FUNCTION public.touch();
ALTER TABLE public.orders DISABLE TRIGGER touch;
DROP TRIGGER touch ON public.orders;

-- case: sequences
-- expect: nothing
CREATE SEQUENCE public.invoice_number;
ALTER SEQUENCE public.customer_id_seq RESTART WITH 1000;
SELECT nextval('public.invoice_number');

-- case: rules-with-semicolons
-- expect: nothing
CREATE RULE log_flag AS ON UPDATE TO public.feature_flag DO ALSO (SELECT 1; SELECT 2);

-- case: statistics-and-storage-parameters
-- expect: nothing
CREATE STATISTICS orders_stats ON customer_id, status FROM public.orders;
ALTER TABLE public.orders SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01);
ALTER TABLE public.orders ALTER COLUMN comment SET STATISTICS 500;
ALTER TABLE public.orders ALTER COLUMN comment SET STORAGE EXTERNAL;
ANALYZE public.orders;

-- case: owner-and-privileges-of-missing-roles
-- expect: nothing
ALTER TABLE public.orders OWNER TO shop_owner;
GRANT SELECT, INSERT ON public.orders TO shop_writer, reporting;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA public GRANT SELECT ON TABLES TO shop_reader;
CREATE ROLE shop_writer LOGIN;

-- case: as-another-role
-- expect: nothing
BEGIN;
GRANT CREATE ON SCHEMA public TO app;
SET LOCAL ROLE app;
CREATE TABLE public.of_app (id integer PRIMARY KEY);
COMMIT;

-- case: isolation-level-in-a-transaction
-- expect: nothing
BEGIN;
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
CREATE INDEX orders_internal ON public.orders (internal);
COMMIT;

-- case: rolled-back-on-purpose
-- expect: nothing
BEGIN;
DROP TABLE public.loyalty;
ROLLBACK;

-- case: to-a-savepoint-and-back
-- expect: nothing
BEGIN;
SAVEPOINT here;
ALTER TABLE public.orders DROP COLUMN comment;
ROLLBACK TO SAVEPOINT here;
COMMIT;

-- case: extension
-- expect: nothing
CREATE EXTENSION IF NOT EXISTS pgcrypto;

-- case: search-path
-- expect: nothing
SET search_path = sales, public;
CREATE INDEX shipment_carrier ON shipment (carrier);

-- case: copy-into-a-table-of-nobody
-- expect: nothing
COPY public.feature_flag (name, enabled) FROM stdin;
new-checkout	t
old; checkout	f
\.
SELECT 1;

-- case: empty
-- expect: nothing
-- Nothing is left to do here.

-- case: semicolons
-- expect: nothing
;; SELECT 1;;

-- case: prepared-statements
-- expect: nothing
PREPARE p AS SELECT 1;
EXECUTE p;
DEALLOCATE ALL;

-- case: a-change-of-the-tables-of-nobody
-- expect: nothing
ALTER TABLE public.event_log ADD COLUMN source text NOT NULL DEFAULT 'web', DROP COLUMN kind;
ALTER TABLE public.session RENAME TO login_session;
ALTER TABLE public.feature_flag REPLICA IDENTITY FULL;
