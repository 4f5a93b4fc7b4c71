-- case: add-nullable-column
-- expect: nothing
ALTER TABLE public.orders ADD COLUMN gift boolean;

-- case: add-nullable-column-if-not-exists
-- expect: nothing
ALTER TABLE public.orders ADD COLUMN IF NOT EXISTS gift boolean, ADD COLUMN IF NOT EXISTS comment text;

-- case: add-column-with-explicit-null-default
-- expect: nothing
ALTER TABLE public.orders ADD COLUMN gift boolean DEFAULT NULL;

-- case: add-not-null-column-without-default
-- expect: schema-incompatible public.orders.gift breaks
ALTER TABLE public.orders ADD COLUMN gift boolean NOT NULL;

-- case: add-not-null-column-with-constant
-- expect: schema-incompatible public.orders.gift breaks
-- expect: default-without-event public.orders.gift coordination
ALTER TABLE public.orders ADD COLUMN gift boolean NOT NULL DEFAULT false;

-- case: add-column-with-constant-default
-- expect: default-without-event public.orders.gift coordination
ALTER TABLE public.orders ADD COLUMN gift boolean DEFAULT false;

-- case: add-column-with-json-default
-- expect: default-without-event public.product.details coordination
ALTER TABLE public.product ADD details jsonb DEFAULT '{}';

-- case: add-column-with-now
-- expect: default-function public.orders.changed coordination
ALTER TABLE public.orders ADD COLUMN changed timestamptz DEFAULT now();

-- case: add-column-with-current-date
-- expect: default-function public.orders.changed coordination
ALTER TABLE public.orders ADD COLUMN changed date DEFAULT CURRENT_DATE;

-- case: add-column-with-uuid
-- rows: public.orders=5000000
-- expect: default-function public.orders.token coordination
-- expect: table-rewrite public.orders wal
ALTER TABLE public.orders ADD COLUMN token uuid DEFAULT gen_random_uuid();

-- case: add-column-with-uuid-to-a-small-table
-- rows: public.orders=300
-- expect: default-function public.orders.token coordination
ALTER TABLE public.orders ADD COLUMN token uuid DEFAULT gen_random_uuid();

-- case: add-serial-column
-- expect: default-function public.orders.number coordination
-- expect: schema-incompatible public.orders.number breaks
-- expect: table-rewrite public.orders wal
ALTER TABLE public.orders ADD COLUMN number serial;

-- case: add-identity-column
-- expect: default-function public.orders.number coordination
-- expect: schema-incompatible public.orders.number breaks
-- expect: table-rewrite public.orders wal
ALTER TABLE public.orders ADD COLUMN number int GENERATED ALWAYS AS IDENTITY;

-- case: add-column-whose-domain-has-a-default
-- expect: default-without-event public.orders.gift coordination
ALTER TABLE public.orders ADD COLUMN gift flagged;

-- case: add-column-then-default
-- expect: nothing
ALTER TABLE public.orders ADD COLUMN gift boolean;
ALTER TABLE public.orders ALTER COLUMN gift SET DEFAULT false;

-- case: set-default-function-on-an-existing-column
-- expect: nothing
ALTER TABLE public.orders ALTER COLUMN placed SET DEFAULT now();

-- case: drop-default
-- expect: nothing
ALTER TABLE public.customer ALTER COLUMN created DROP DEFAULT;

-- case: add-stored-generated-column
-- rows: public.orders=100
-- expect: generated-column public.orders.cents coordination
ALTER TABLE public.orders ADD COLUMN cents bigint GENERATED ALWAYS AS ((total * 100)::bigint) STORED;

-- case: add-virtual-generated-column
-- expect: generated-column public.orders.cents coordination
ALTER TABLE public.orders ADD COLUMN cents bigint GENERATED ALWAYS AS ((total * 100)::bigint) VIRTUAL;

-- case: generated-column-becomes-plain
-- expect: generated-column public.order_item.doubled coordination
ALTER TABLE public.order_item ALTER COLUMN doubled DROP EXPRESSION;

-- case: used-column-becomes-generated
-- rows: public.customer=100
-- expect: column-dropped public.customer.score breaks
-- expect: generated-column public.customer.score breaks
BEGIN;
ALTER TABLE public.customer DROP COLUMN score;
ALTER TABLE public.customer ADD COLUMN score integer GENERATED ALWAYS AS (length(email)) STORED;
COMMIT;

-- case: drop-a-used-nullable-column
-- expect: column-dropped public.orders.comment breaks
ALTER TABLE public.orders DROP COLUMN comment;

-- case: drop-a-used-column-inside-a-block
-- expect: column-dropped public.orders.comment breaks
DO $$ BEGIN EXECUTE 'ALTER TABLE public.orders DROP COLUMN ' || quote_ident('comment'); END $$;

-- case: drop-a-used-column-by-a-function
-- expect: column-dropped public.orders.comment breaks
CREATE FUNCTION pg_temp.go() RETURNS void LANGUAGE sql AS 'ALTER TABLE public.orders DROP COLUMN comment';
SELECT pg_temp.go();

-- case: drop-an-unused-nullable-column
-- expect: nothing
ALTER TABLE public.orders DROP COLUMN internal;

-- case: drop-an-unused-not-null-column
-- expect: schema-incompatible public.orders.checksum breaks
ALTER TABLE public.orders DROP COLUMN checksum;

-- case: drop-a-type-with-cascade
-- expect: column-dropped public.customer.tier breaks
DROP TYPE public.tier CASCADE;

-- case: drop-a-join-column
-- expect: column-dropped public.order_item.sku breaks
-- expect: schema-incompatible public.order_item.sku breaks
ALTER TABLE public.order_item DROP COLUMN sku;

-- case: drop-a-column-that-orders-an-array
-- expect: column-dropped public.order_item.position breaks
-- expect: schema-incompatible public.order_item.position breaks
ALTER TABLE public.order_item DROP COLUMN position;

-- case: drop-and-add-again
-- expect: column-dropped public.orders.comment breaks
BEGIN;
ALTER TABLE public.orders DROP COLUMN comment;
ALTER TABLE public.orders ADD COLUMN comment text;
COMMIT;

-- case: add-and-drop-again
-- expect: nothing
BEGIN;
ALTER TABLE public.orders ADD COLUMN gift boolean NOT NULL DEFAULT false;
ALTER TABLE public.orders DROP COLUMN gift;
COMMIT;

-- case: rename-a-used-column
-- expect: column-renamed public.customer.name breaks
ALTER TABLE public.customer RENAME COLUMN name TO full_name;

-- case: rename-and-rename-back
-- expect: nothing
BEGIN;
ALTER TABLE public.customer RENAME COLUMN name TO full_name;
ALTER TABLE public.customer RENAME COLUMN full_name TO name;
COMMIT;

-- case: rename-an-unused-nullable-column
-- expect: column-renamed public.customer.notes coordination
ALTER TABLE public.customer RENAME COLUMN notes TO remarks;

-- case: rename-an-unused-not-null-column
-- expect: schema-incompatible public.customer.secret breaks
-- expect: schema-incompatible public.customer.token breaks
-- expect: column-renamed public.customer.secret coordination
ALTER TABLE public.customer RENAME COLUMN secret TO token;

-- case: rename-a-used-not-null-column
-- expect: column-renamed public.customer.email breaks
-- expect: schema-incompatible public.customer.email breaks
-- expect: schema-incompatible public.customer.mail breaks
ALTER TABLE public.customer RENAME COLUMN email TO mail;

-- case: swap-two-names
-- expect: column-renamed public.customer.name breaks
-- expect: column-renamed public.customer.notes coordination
BEGIN;
ALTER TABLE public.customer RENAME COLUMN name TO tmp;
ALTER TABLE public.customer RENAME COLUMN notes TO name;
ALTER TABLE public.customer RENAME COLUMN tmp TO notes;
COMMIT;

-- case: set-not-null
-- expect: set-not-null public.orders.comment coordination
-- expect: schema-incompatible public.orders.comment breaks
ALTER TABLE public.orders ALTER COLUMN comment SET NOT NULL;

-- case: set-not-null-on-an-unused-column
-- expect: set-not-null public.orders.internal coordination
-- expect: schema-incompatible public.orders.internal breaks
ALTER TABLE public.orders ALTER COLUMN internal SET NOT NULL;

-- case: set-not-null-without-validation
-- expect: set-not-null public.orders.comment coordination
-- expect: schema-incompatible public.orders.comment breaks
ALTER TABLE public.orders ADD CONSTRAINT comment_there NOT NULL comment NOT VALID;

-- case: not-null-by-a-check-constraint
-- expect: nothing
ALTER TABLE public.orders ADD CONSTRAINT comment_there CHECK (comment IS NOT NULL) NOT VALID;
ALTER TABLE public.orders VALIDATE CONSTRAINT comment_there;

-- case: set-not-null-where-the-rule-is-none
-- expect: set-not-null public.address.line coordination
ALTER TABLE public.address ALTER COLUMN line SET NOT NULL;

-- case: set-not-null-where-the-rule-is-backward
-- expect: set-not-null public.tag.colour coordination
-- expect: schema-incompatible public.tag.colour breaks
ALTER TABLE public.tag ALTER COLUMN colour SET NOT NULL;

-- case: add-nullable-column-where-the-rule-is-backward
-- expect: nothing
ALTER TABLE public.tag ADD COLUMN hint text;

-- case: drop-not-null
-- expect: schema-incompatible public.orders.checksum breaks
ALTER TABLE public.orders ALTER COLUMN checksum DROP NOT NULL;

-- case: set-not-null-on-a-table-of-nobody
-- expect: nothing
ALTER TABLE public.event_log ALTER COLUMN body SET NOT NULL;
