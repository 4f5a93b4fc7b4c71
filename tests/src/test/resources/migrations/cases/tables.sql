-- case: drop-a-used-table
-- expect: table-dropped public.loyalty breaks
DROP TABLE public.loyalty;

-- case: drop-a-schema-with-cascade
-- expect: table-dropped sales.shipment breaks
DROP SCHEMA sales CASCADE;

-- case: drop-a-table-of-nobody
-- expect: nothing
DROP TABLE public.session;

-- case: rename-a-used-table
-- expect: table-renamed public.loyalty breaks
ALTER TABLE public.loyalty RENAME TO points;

-- case: rename-a-schema
-- expect: table-moved sales.shipment breaks
ALTER SCHEMA sales RENAME TO logistics;

-- case: move-a-used-table
-- expect: table-moved public.loyalty breaks
ALTER TABLE public.loyalty SET SCHEMA archive;

-- case: rename-with-a-view-in-its-place
-- expect: table-renamed public.loyalty breaks
BEGIN;
ALTER TABLE public.loyalty RENAME TO loyalty_base;
CREATE VIEW public.loyalty AS SELECT * FROM public.loyalty_base;
COMMIT;

-- case: swap-in-a-copy
-- expect: table-replaced public.loyalty breaks
BEGIN;
CREATE TABLE public.loyalty_new (LIKE public.loyalty INCLUDING ALL);
INSERT INTO public.loyalty_new SELECT * FROM public.loyalty;
ALTER TABLE public.loyalty RENAME TO loyalty_old;
ALTER TABLE public.loyalty_new RENAME TO loyalty;
COMMIT;

-- case: drop-and-create-again
-- expect: table-replaced public.loyalty breaks
BEGIN;
DROP TABLE public.loyalty;
CREATE TABLE public.loyalty (id integer PRIMARY KEY, customer_id bigint NOT NULL, points integer);
COMMIT;

-- case: create-a-table-of-nobody
-- expect: nothing
CREATE TABLE public.invoice (id bigint PRIMARY KEY, total numeric);
CREATE INDEX ON public.invoice (total);

-- case: create-a-table-of-nobody-without-key
-- expect: nothing
CREATE TABLE public.import_row (line text);

-- case: create-fill-and-change-a-table-of-nobody
-- expect: nothing
CREATE TABLE public.plan (id int PRIMARY KEY, name text);
INSERT INTO public.plan VALUES (1, 'small'), (2, 'large');
ALTER TABLE public.plan ADD COLUMN price numeric DEFAULT 10;
UPDATE public.plan SET price = 20;
ALTER TABLE public.plan ALTER COLUMN id TYPE bigint;
DELETE FROM public.plan;
TRUNCATE public.plan;

-- case: drop-a-primary-key
-- expect: primary-key-dropped public.loyalty breaks
ALTER TABLE public.loyalty DROP CONSTRAINT loyalty_pkey;

-- case: exchange-a-primary-key-in-one-statement
-- expect: not-in-transaction - fine
CREATE UNIQUE INDEX CONCURRENTLY loyalty_new ON public.loyalty (id);
ALTER TABLE public.loyalty DROP CONSTRAINT loyalty_pkey, ADD CONSTRAINT loyalty_pkey PRIMARY KEY USING INDEX loyalty_new;

-- case: exchange-a-primary-key-in-one-transaction
-- expect: nothing
BEGIN;
ALTER TABLE public.loyalty DROP CONSTRAINT loyalty_pkey;
ALTER TABLE public.loyalty ADD PRIMARY KEY (id);
COMMIT;

-- case: exchange-a-primary-key-in-two-steps
-- expect: primary-key-dropped public.loyalty breaks
-- expect: primary-key-added public.loyalty coordination
ALTER TABLE public.loyalty DROP CONSTRAINT loyalty_pkey;
ALTER TABLE public.loyalty ADD PRIMARY KEY (id);

-- case: rename-a-primary-key
-- expect: nothing
ALTER TABLE public.loyalty RENAME CONSTRAINT loyalty_pkey TO loyalty_key;

-- case: widen-a-primary-key
-- expect: primary-key-changed public.loyalty breaks
-- expect: schema-incompatible public.loyalty.customer_id breaks
BEGIN;
ALTER TABLE public.loyalty DROP CONSTRAINT loyalty_pkey;
ALTER TABLE public.loyalty ADD PRIMARY KEY (customer_id, id);
COMMIT;

-- case: turn-the-columns-of-a-primary-key
-- expect: primary-key-changed public.order_tag breaks
BEGIN;
ALTER TABLE public.order_tag DROP CONSTRAINT order_tag_pkey;
ALTER TABLE public.order_tag ADD PRIMARY KEY (tag_id, order_id);
COMMIT;

-- case: another-column-becomes-the-key
-- expect: primary-key-changed public.product breaks
-- expect: schema-incompatible public.product.id breaks
-- expect: schema-incompatible public.product.sku breaks
BEGIN;
ALTER TABLE public.product DROP CONSTRAINT product_pkey;
ALTER TABLE public.product ADD PRIMARY KEY (sku);
COMMIT;

-- case: drop-the-key-column
-- expect: primary-key-dropped public.loyalty breaks
-- expect: schema-incompatible public.loyalty.id breaks
ALTER TABLE public.loyalty DROP COLUMN id;

-- case: rename-the-key-column
-- expect: schema-incompatible public.loyalty.id breaks
-- expect: schema-incompatible public.loyalty.number breaks
-- expect: column-renamed public.loyalty.id coordination
ALTER TABLE public.loyalty RENAME COLUMN id TO number;

-- case: drop-the-unique-constraint-of-a-relation
-- expect: relation-key-changed document.many.items.one.product.join breaks
ALTER TABLE public.product DROP CONSTRAINT product_sku_key;

-- case: the-unique-constraint-becomes-partial
-- expect: relation-key-changed document.many.items.one.product.join breaks
BEGIN;
ALTER TABLE public.product DROP CONSTRAINT product_sku_key;
CREATE UNIQUE INDEX product_sku ON public.product (sku) WHERE stock > 0;
COMMIT;

-- case: the-unique-constraint-gets-more-columns
-- expect: relation-key-changed document.many.items.one.product.join breaks
BEGIN;
ALTER TABLE public.product DROP CONSTRAINT product_sku_key;
ALTER TABLE public.product ADD UNIQUE (sku, title);
COMMIT;

-- case: the-unique-constraint-becomes-an-index
-- expect: nothing
BEGIN;
CREATE UNIQUE INDEX product_sku ON public.product (sku);
ALTER TABLE public.product DROP CONSTRAINT product_sku_key;
COMMIT;

-- case: drop-a-unique-constraint-that-no-relation-needs
-- expect: nothing
ALTER TABLE public.customer DROP CONSTRAINT customer_email_key;

-- case: set-unlogged-while-published
-- expect: migration-fails - breaks
ALTER TABLE public.loyalty SET UNLOGGED;

-- case: set-unlogged
-- expect: publication-table public.loyalty breaks
-- expect: set-unlogged public.loyalty breaks
BEGIN;
ALTER PUBLICATION millrace_shop DROP TABLE public.loyalty;
ALTER TABLE public.loyalty SET UNLOGGED;
COMMIT;

-- case: set-unlogged-on-a-table-of-nobody
-- expect: nothing
ALTER TABLE public.feature_flag SET UNLOGGED;

-- case: add-a-partition
-- expect: nothing
CREATE TABLE sales.shipment_2027 PARTITION OF sales.shipment FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');

-- case: add-an-empty-partition-by-attaching
-- expect: nothing
CREATE TABLE sales.shipment_2027 (LIKE sales.shipment INCLUDING ALL);
ALTER TABLE sales.shipment ATTACH PARTITION sales.shipment_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');

-- case: attach-a-table-with-rows
-- expect: partition-attached sales.shipment coordination
ALTER TABLE sales.shipment ATTACH PARTITION sales.shipment_old FOR VALUES FROM ('2020-01-01') TO ('2025-01-01');

-- case: attach-a-table-that-the-migration-fills
-- expect: partition-attached sales.shipment coordination
BEGIN;
CREATE TABLE sales.shipment_2027 (LIKE sales.shipment INCLUDING ALL);
INSERT INTO sales.shipment_2027 VALUES (1, 1, '2027-05-05', 'post');
ALTER TABLE sales.shipment ATTACH PARTITION sales.shipment_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
COMMIT;

-- case: detach-a-partition
-- expect: partition-detached sales.shipment breaks
ALTER TABLE sales.shipment DETACH PARTITION sales.shipment_2025;

-- case: detach-a-partition-concurrently
-- expect: partition-detached sales.shipment breaks
ALTER TABLE sales.shipment DETACH PARTITION sales.shipment_2025 CONCURRENTLY;

-- case: drop-a-partition
-- expect: partition-dropped sales.shipment breaks
DROP TABLE sales.shipment_2025;

-- case: detach-and-drop-a-partition
-- expect: partition-detached sales.shipment breaks
ALTER TABLE sales.shipment DETACH PARTITION sales.shipment_2025;
DROP TABLE sales.shipment_2025;

-- case: rename-a-partition
-- expect: nothing
ALTER TABLE sales.shipment_2025 RENAME TO shipment_y2025;

-- case: a-table-inherits-from-a-used-one
-- expect: inheritance public.loyalty coordination
CREATE TABLE public.loyalty_gold (bonus integer) INHERITS (public.loyalty);

-- case: an-old-table-inherits-from-a-used-one
-- rows: public.event_log=50
-- expect: inheritance public.loyalty coordination
ALTER TABLE public.event_log ADD COLUMN customer_id bigint NOT NULL DEFAULT 0, ADD COLUMN points integer;
ALTER TABLE public.event_log DROP CONSTRAINT event_log_pkey;
ALTER TABLE public.event_log ALTER COLUMN id TYPE integer;
ALTER TABLE public.event_log INHERIT public.loyalty;

-- case: row-security
-- expect: row-security public.loyalty coordination
ALTER TABLE public.loyalty ENABLE ROW LEVEL SECURITY;

-- case: row-security-that-lets-the-replicating-role-see-all
-- expect: nothing
BEGIN;
CREATE POLICY replicate ON public.loyalty FOR SELECT TO replicator USING (true);
ALTER TABLE public.loyalty ENABLE ROW LEVEL SECURITY;
COMMIT;

-- case: create-a-table-of-a-pipeline
-- pipeline: invoices
-- expect: table-new public.invoice fine
CREATE TABLE public.invoice (id bigint PRIMARY KEY, total numeric);

-- case: create-a-table-of-a-pipeline-without-key
-- pipeline: invoices
-- expect: table-new public.invoice fine
-- expect: no-primary-key public.invoice breaks
CREATE TABLE public.invoice (id bigint, total numeric);

-- case: create-a-table-of-a-pipeline-with-a-deferrable-key
-- pipeline: invoices
-- expect: table-new public.invoice fine
-- expect: no-primary-key public.invoice breaks
CREATE TABLE public.invoice (id bigint PRIMARY KEY DEFERRABLE, total numeric);

-- case: create-a-table-of-a-pipeline-and-its-key-in-the-next-statement
-- pipeline: invoices
-- expect: table-new public.invoice fine
CREATE TABLE public.invoice (id bigint, total numeric);
ALTER TABLE public.invoice ADD PRIMARY KEY (id);

-- case: create-a-table-of-a-pipeline-and-its-key-in-the-next-changeset
-- pipeline: invoices
-- runner: liquibase
-- expect: table-new public.invoice fine
--changeset ann:1
CREATE TABLE public.invoice (id bigint, total numeric);
--changeset ann:2
ALTER TABLE public.invoice ADD PRIMARY KEY (id);

-- case: create-and-publish-a-table-of-a-pipeline-before-it-has-its-key
-- pipeline: invoices
-- expect: table-new public.invoice fine
CREATE TABLE public.invoice (id bigint, total numeric);
ALTER PUBLICATION millrace_shop ADD TABLE public.invoice;
ALTER TABLE public.invoice ADD PRIMARY KEY (id);

-- case: create-and-publish-a-table-of-a-pipeline-and-change-it-in-the-next-changeset
-- pipeline: invoices
-- runner: liquibase
-- expect: table-new public.invoice fine
-- expect: schema-incompatible public.invoice.total breaks
-- expect: set-not-null public.invoice.total coordination
--changeset ann:1
CREATE TABLE public.invoice (id bigint PRIMARY KEY, total numeric);
ALTER PUBLICATION millrace_shop ADD TABLE public.invoice;
--changeset ann:2
ALTER TABLE public.invoice ALTER COLUMN total SET NOT NULL;

-- case: create-and-change-a-table-of-a-pipeline
-- pipeline: invoices
-- expect: table-new public.invoice fine
BEGIN;
CREATE TABLE public.invoice (id int, total numeric);
ALTER TABLE public.invoice ADD PRIMARY KEY (id);
ALTER TABLE public.invoice ALTER COLUMN id TYPE bigint;
COMMIT;
