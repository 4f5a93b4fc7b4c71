-- case: widen-varchar
-- expect: nothing
ALTER TABLE public.product ALTER COLUMN title TYPE varchar(200);

-- case: varchar-to-text
-- expect: nothing
ALTER TABLE public.product ALTER COLUMN title TYPE text;

-- case: narrow-varchar
-- rows: public.product=100
-- expect: column-retyped public.product.title coordination
ALTER TABLE public.product ALTER COLUMN title TYPE varchar(20);

-- case: widen-numeric-precision
-- expect: nothing
ALTER TABLE public.order_item ALTER COLUMN price TYPE numeric(14,2);

-- case: change-numeric-scale
-- rows: public.order_item=100
-- expect: column-retyped public.order_item.price coordination
ALTER TABLE public.order_item ALTER COLUMN price TYPE numeric(14,4);

-- case: int-to-bigint
-- rows: public.order_item=100
-- expect: column-retyped public.order_item.position breaks
-- expect: schema-incompatible public.order_item.position breaks
ALTER TABLE public.order_item ALTER COLUMN position TYPE bigint;

-- case: int-to-bigint-on-a-large-table
-- rows: public.order_item=80000000
-- expect: column-retyped public.order_item.position breaks
-- expect: schema-incompatible public.order_item.position breaks
-- expect: table-rewrite public.order_item wal
ALTER TABLE public.order_item ALTER COLUMN position TYPE bigint;

-- case: int-to-smallint
-- rows: public.order_item=100
-- expect: column-retyped public.order_item.position coordination
ALTER TABLE public.order_item ALTER COLUMN position TYPE smallint;

-- case: int-to-text
-- rows: public.order_item=100
-- expect: column-retyped public.order_item.position breaks
-- expect: schema-incompatible public.order_item.position breaks
ALTER TABLE public.order_item ALTER COLUMN position TYPE text;

-- case: numeric-to-text-looks-the-same-to-the-registry
-- rows: public.product=100
-- expect: column-retyped public.product.price breaks
ALTER TABLE public.product ALTER COLUMN price TYPE text;

-- case: real-to-double
-- rows: public.product=100
-- expect: column-retyped public.product.weight breaks
-- expect: schema-incompatible public.product.weight breaks
ALTER TABLE public.product ALTER COLUMN weight TYPE double precision;

-- case: timestamp-to-timestamptz
-- rows: public.orders=100
-- expect: column-retyped public.orders.placed breaks
SET timezone = 'Europe/Vienna';
ALTER TABLE public.orders ALTER COLUMN placed TYPE timestamptz USING placed AT TIME ZONE 'UTC';

-- case: text-to-jsonb
-- rows: public.orders=100
-- expect: column-retyped public.orders.comment breaks
ALTER TABLE public.orders ALTER COLUMN comment TYPE jsonb USING to_jsonb(comment);

-- case: jsonb-to-json
-- rows: public.customer=100
-- expect: column-retyped public.customer.settings coordination
ALTER TABLE public.customer ALTER COLUMN settings TYPE json;

-- case: array-to-text
-- rows: public.product=100
-- expect: column-retyped public.product.tags breaks
-- expect: schema-incompatible public.product.tags breaks
ALTER TABLE public.product ALTER COLUMN tags TYPE text USING tags::text;

-- case: scalar-to-array
-- rows: public.orders=100
-- expect: column-retyped public.orders.comment breaks
-- expect: schema-incompatible public.orders.comment breaks
ALTER TABLE public.orders ALTER COLUMN comment TYPE text[] USING ARRAY[comment];

-- case: retype-an-unused-column-within-one-avro-type
-- rows: public.customer=100
-- expect: column-retyped public.customer.legacy_code coordination
ALTER TABLE public.customer ALTER COLUMN legacy_code TYPE varchar(4);

-- case: retype-an-unused-column-to-another-avro-type
-- rows: public.product=100
-- expect: schema-incompatible public.product.stock breaks
-- expect: column-retyped public.product.stock coordination
ALTER TABLE public.product ALTER COLUMN stock TYPE bigint;

-- case: uuid-key-to-text
-- rows: public.product=100
-- expect: primary-key-changed public.product.id breaks
ALTER TABLE public.product ALTER COLUMN id TYPE text;

-- case: key-int-to-bigint
-- rows: public.loyalty=100
-- expect: primary-key-changed public.loyalty.id breaks
-- expect: schema-incompatible public.loyalty.id breaks
ALTER TABLE public.loyalty ALTER COLUMN id TYPE bigint;

-- case: root-key-bigint-to-text
-- rows: public.orders=100
-- expect: primary-key-changed public.orders.id breaks
-- expect: column-retyped public.orders.id breaks
-- expect: schema-incompatible public.orders.id breaks
-- expect: relation-key-changed document.many.items.join.id breaks
-- expect: relation-key-changed document.many.tags.through.join.id breaks
-- expect: relation-key-changed document.many.shipments.join.id breaks
ALTER TABLE public.order_item DROP CONSTRAINT order_item_order_id_fkey;
ALTER TABLE public.order_tag DROP CONSTRAINT order_tag_order_id_fkey;
DROP VIEW public.open_order;
ALTER TABLE public.orders ALTER COLUMN id TYPE text;

-- case: domain-to-its-base-type
-- rows: public.tag=40
-- expect: column-retyped public.tag.label coordination
ALTER TABLE public.tag ALTER COLUMN label TYPE varchar(60);

-- case: base-type-to-a-domain
-- rows: public.order_item=100
-- expect: nothing
CREATE DOMAIN amount AS numeric(12,2);
ALTER TABLE public.order_item ALTER COLUMN price TYPE amount;

-- case: domain-forbids-null
-- expect: domain-changed public.coupon.percent coordination
-- expect: domain-changed public.product.discount coordination
-- expect: schema-incompatible public.coupon.percent breaks
-- expect: schema-incompatible public.product.discount breaks
ALTER DOMAIN percentage SET NOT NULL;

-- case: domain-gets-a-check
-- expect: nothing
ALTER DOMAIN label ADD CONSTRAINT label_short CHECK (length(VALUE) < 50) NOT VALID;

-- case: domain-loses-a-check
-- expect: nothing
ALTER DOMAIN percentage DROP CONSTRAINT percentage_check;

-- case: domain-is-renamed
-- expect: nothing
ALTER DOMAIN percentage RENAME TO percent;

-- case: domain-over-an-enum
-- expect: domain-changed public.mood breaks
CREATE TYPE public.mood_label AS ENUM ('up', 'down');
CREATE DOMAIN public.mood AS public.mood_label;

-- case: enum-label-at-the-end
-- expect: nothing
ALTER TYPE order_status ADD VALUE 'returned';

-- case: enum-label-in-the-middle
-- expect: enum-changed public.orders.status coordination
ALTER TYPE order_status ADD VALUE 'packed' BEFORE 'sent';

-- case: enum-label-renamed
-- expect: enum-changed public.orders.status breaks
ALTER TYPE order_status RENAME VALUE 'sent' TO 'shipped';

-- case: enum-type-renamed
-- expect: nothing
ALTER TYPE order_status RENAME TO order_state;

-- case: enum-of-nobody-renamed-label
-- expect: nothing
CREATE TYPE colour AS ENUM ('red');
ALTER TABLE public.event_log ADD COLUMN colour colour;
ALTER TYPE colour RENAME VALUE 'red' TO 'crimson';

-- case: enum-exchanged-for-another
-- rows: public.customer=100
-- expect: column-retyped public.customer.tier coordination
BEGIN;
ALTER TYPE tier RENAME TO tier_old;
CREATE TYPE tier AS ENUM ('gold', 'basic');
ALTER TABLE public.customer ALTER COLUMN tier TYPE tier USING tier::text::tier;
DROP TYPE tier_old;
COMMIT;

-- case: enum-to-text
-- rows: public.customer=100
-- expect: column-retyped public.customer.tier breaks
ALTER TABLE public.customer ALTER COLUMN tier TYPE text USING tier::text;
