-- case: truncate-a-used-table
-- expect: truncate public.loyalty coordination
TRUNCATE public.loyalty;

-- case: truncate-with-cascade
-- expect: truncate public.address coordination
-- expect: truncate public.customer coordination
-- expect: truncate public.order_item coordination
-- expect: truncate public.order_tag coordination
-- expect: truncate public.orders coordination
TRUNCATE public.customer CASCADE;

-- case: truncate-a-partition
-- expect: truncate sales.shipment breaks
TRUNCATE sales.shipment_2025;

-- case: truncate-by-a-block
-- expect: truncate public.loyalty coordination
DO $$ DECLARE t text := 'loyalty'; BEGIN EXECUTE format('TRUNCATE public.%I', t); END $$;

-- case: truncate-a-table-of-nobody
-- expect: nothing
TRUNCATE public.session, public.cache;

-- case: update-all-rows
-- rows: public.orders=5000000
-- expect: mass-write public.orders wal
UPDATE public.orders SET currency = 'EUR';

-- case: update-all-rows-of-an-unknown-number
-- expect: mass-write public.orders wal
UPDATE public.orders SET currency = 'EUR' WHERE currency IS NULL;

-- case: update-all-rows-of-a-small-table
-- rows: public.tag=40
-- expect: nothing
UPDATE public.tag SET colour = 'red';

-- case: update-one-row
-- expect: nothing
UPDATE public.orders SET currency = 'EUR' WHERE id = 17;

-- case: update-a-few-rows
-- expect: nothing
UPDATE public.orders SET currency = 'EUR' WHERE id IN (17, 18, 19);

-- case: update-by-a-unique-column
-- expect: nothing
UPDATE public.customer SET score = 1 WHERE email = 'a@example.org';

-- case: update-by-part-of-a-key
-- expect: mass-write public.order_tag wal
UPDATE public.order_tag SET added = now() WHERE order_id > 5;

-- case: update-from-another-table
-- rows: public.orders=5000000
-- expect: mass-write public.orders wal
UPDATE public.orders SET comment = l.body FROM public.event_log l WHERE l.id = orders.id;

-- case: update-in-a-with
-- rows: public.orders=5000000
-- expect: mass-write public.orders wal
WITH changed AS (UPDATE public.orders SET currency = 'EUR' RETURNING id) SELECT count(*) FROM changed;

-- case: update-by-a-block
-- rows: public.orders=5000000
-- expect: mass-write public.orders wal
DO $$ BEGIN UPDATE public.orders SET currency = 'EUR'; END $$;

-- case: update-of-nothing
-- rows: public.orders=5000000
-- expect: nothing
UPDATE public.orders SET currency = 'EUR' WHERE false;

-- case: update-of-a-limited-batch
-- rows: public.orders=5000000
-- expect: nothing
UPDATE public.orders SET currency = 'EUR' WHERE id IN (SELECT id FROM public.orders WHERE currency IS NULL LIMIT 1000);

-- case: delete-all-rows
-- rows: public.order_item=80000000
-- expect: mass-write public.order_item wal
DELETE FROM public.order_item;

-- case: delete-old-rows-of-a-table-of-nobody
-- rows: public.event_log=90000000
-- expect: mass-write public.event_log wal
DELETE FROM public.event_log WHERE at < '2025-01-01';

-- case: update-an-unlogged-table
-- expect: nothing
UPDATE public.cache SET value = '';

-- case: delete-from-a-temporary-table
-- expect: nothing
CREATE TEMP TABLE work AS SELECT 1 AS id;
DELETE FROM work;

-- case: insert-a-few-rows
-- expect: nothing
INSERT INTO public.tag (id, label) VALUES (1, 'new'), (2, 'old');

-- case: insert-from-another-table
-- expect: mass-write public.loyalty wal
INSERT INTO public.loyalty (id, customer_id, points) SELECT c.id, c.id, 0 FROM public.customer c;

-- case: insert-very-many-rows
-- expect: mass-write public.loyalty wal
INSERT INTO public.loyalty (id, customer_id, points) SELECT i, i, 0 FROM generate_series(1, 20000) i;

-- case: insert-with-conflict
-- expect: nothing
INSERT INTO public.tag (id, label) VALUES (1, 'new') ON CONFLICT (id) DO UPDATE SET label = excluded.label;

-- case: merge-from-another-table
-- rows: public.loyalty=5000000
-- expect: mass-write public.loyalty wal
MERGE INTO public.loyalty l USING public.customer c ON l.customer_id = c.id WHEN MATCHED THEN UPDATE SET points = 0;

-- case: rewrite-a-table-of-nobody
-- rows: public.event_log=90000000
-- expect: table-rewrite public.event_log wal
ALTER TABLE public.event_log ALTER COLUMN id TYPE numeric;

-- case: vacuum-full
-- rows: public.orders=5000000
-- expect: table-rewrite public.orders wal
VACUUM FULL public.orders;

-- case: vacuum
-- expect: nothing
VACUUM ANALYZE public.orders;

-- case: cluster
-- rows: public.orders=5000000
-- expect: table-rewrite public.orders wal
CLUSTER public.orders USING orders_pkey;

-- case: rewrite-a-partitioned-table
-- rows: sales.shipment=40000000
-- expect: column-retyped sales.shipment.carrier coordination
-- expect: table-rewrite sales.shipment wal
ALTER TABLE sales.shipment ALTER COLUMN carrier TYPE varchar(30);
