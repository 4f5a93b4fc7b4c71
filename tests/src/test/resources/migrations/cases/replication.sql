-- case: replica-identity-nothing
-- expect: replica-identity-nothing public.orders breaks
ALTER TABLE public.orders REPLICA IDENTITY NOTHING;

-- case: replica-identity-full
-- expect: replica-identity-full public.orders wal
ALTER TABLE public.orders REPLICA IDENTITY FULL;

-- case: replica-identity-from-full-to-default
-- expect: nothing
ALTER TABLE public.address REPLICA IDENTITY DEFAULT;

-- case: replica-identity-by-another-index
-- expect: replica-identity-index public.coupon breaks
ALTER TABLE public.coupon REPLICA IDENTITY USING INDEX coupon_code;

-- case: replica-identity-by-an-index-on-the-key
-- expect: nothing
CREATE UNIQUE INDEX loyalty_id ON public.loyalty (id);
ALTER TABLE public.loyalty REPLICA IDENTITY USING INDEX loyalty_id;

-- case: drop-the-index-of-the-replica-identity
-- expect: replica-identity-lost public.coupon breaks
DROP INDEX public.coupon_id;

-- case: drop-another-index
-- expect: nothing
DROP INDEX public.coupon_code;

-- case: replica-identity-of-a-table-of-nobody
-- expect: nothing
ALTER TABLE public.session REPLICA IDENTITY NOTHING;

-- case: drop-the-publication
-- expect: publication-dropped - breaks
DROP PUBLICATION millrace_shop;

-- case: rename-the-publication
-- expect: publication-dropped - breaks
ALTER PUBLICATION millrace_shop RENAME TO shop;

-- case: publish-inserts-only
-- expect: publication-altered - breaks
ALTER PUBLICATION millrace_shop SET (publish = 'insert');

-- case: publish-partitions-by-themselves
-- expect: publication-altered - breaks
ALTER PUBLICATION millrace_shop SET (publish_via_partition_root = false);

-- case: take-a-table-out-of-the-publication
-- expect: publication-table public.tag breaks
ALTER PUBLICATION millrace_shop DROP TABLE public.tag;

-- case: take-a-table-out-and-in-again
-- expect: nothing
BEGIN;
ALTER PUBLICATION millrace_shop DROP TABLE public.tag;
ALTER PUBLICATION millrace_shop ADD TABLE public.tag;
COMMIT;

-- case: set-the-publication-to-fewer-tables
-- expect: publication-table public.coupon breaks
-- expect: publication-table public.loyalty breaks
ALTER PUBLICATION millrace_shop SET TABLE public.customer, public.address, public.orders, public.product, public.order_item, public.tag, public.order_tag, sales.shipment, millrace.heartbeat, millrace.outboxevent;

-- case: publish-a-column-list-with-all-that-is-used
-- expect: publication-columns public.tag.colour coordination
BEGIN;
ALTER PUBLICATION millrace_shop DROP TABLE public.tag;
ALTER PUBLICATION millrace_shop ADD TABLE public.tag (id, label);
COMMIT;

-- case: publish-a-column-list-that-lacks-a-used-column
-- expect: publication-columns public.loyalty.points breaks
BEGIN;
ALTER PUBLICATION millrace_shop DROP TABLE public.loyalty;
ALTER PUBLICATION millrace_shop ADD TABLE public.loyalty (id, customer_id);
COMMIT;

-- case: publish-some-rows
-- expect: publication-rows public.loyalty breaks
BEGIN;
ALTER PUBLICATION millrace_shop DROP TABLE public.loyalty;
ALTER PUBLICATION millrace_shop ADD TABLE public.loyalty WHERE (id > 100);
COMMIT;

-- case: publish-one-more-table
-- expect: nothing
ALTER PUBLICATION millrace_shop ADD TABLE public.session;

-- case: publish-one-more-table-without-key
-- expect: no-primary-key public.import_row breaks
CREATE TABLE public.import_row (line text);
ALTER PUBLICATION millrace_shop ADD TABLE public.import_row;

-- case: publish-one-more-table-that-gets-its-key-afterwards
-- expect: nothing
CREATE TABLE public.import_row (line text);
ALTER PUBLICATION millrace_shop ADD TABLE public.import_row;
ALTER TABLE public.import_row ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;

-- case: change-somebody-elses-publication
-- expect: nothing
DROP PUBLICATION analytics;

-- case: make-a-publication
-- expect: nothing
CREATE PUBLICATION backup FOR ALL TABLES;

-- case: drop-the-slot
-- expect: slot-dropped - breaks
SELECT pg_drop_replication_slot('millrace_shop');

-- case: drop-every-slot
-- expect: slot-dropped - breaks
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active;

-- case: drop-the-heartbeat
-- expect: own-table-touched millrace.heartbeat breaks
DROP TABLE millrace.heartbeat;

-- case: drop-our-schema
-- expect: own-table-touched millrace.heartbeat breaks
-- expect: own-table-touched millrace.outboxevent breaks
DROP SCHEMA millrace CASCADE;

-- case: change-the-outbox
-- expect: own-table-touched millrace.outboxevent breaks
ALTER TABLE millrace.outboxevent ADD COLUMN priority integer;

-- case: empty-the-heartbeat
-- expect: own-table-touched millrace.heartbeat breaks
DELETE FROM millrace.heartbeat;

-- case: truncate-the-outbox
-- expect: own-table-touched millrace.outboxevent breaks
TRUNCATE millrace.outboxevent;

-- case: write-to-the-outbox-by-a-block
-- expect: own-table-touched millrace.outboxevent breaks
DO $$ BEGIN DELETE FROM millrace.outboxevent WHERE aggregatetype = 'x'; END $$;

-- case: take-the-heartbeat-out-of-the-publication
-- expect: own-table-touched millrace.heartbeat breaks
ALTER PUBLICATION millrace_shop DROP TABLE millrace.heartbeat;

-- case: index-on-the-heartbeat
-- expect: nothing
CREATE INDEX heartbeat_beat ON millrace.heartbeat (beat);

-- case: revoke-replication
-- expect: role-changed - breaks
ALTER ROLE replicator NOREPLICATION;

-- case: revoke-login
-- expect: role-changed - breaks
ALTER ROLE replicator NOLOGIN;

-- case: let-the-role-expire
-- expect: role-changed - breaks
ALTER ROLE replicator VALID UNTIL '2020-01-01';

-- case: no-connections-for-the-role
-- expect: role-changed - breaks
ALTER ROLE replicator CONNECTION LIMIT 0;

-- case: rename-the-role
-- expect: role-changed - breaks
ALTER ROLE replicator RENAME TO copier;

-- case: revoke-select
-- expect: select-revoked public.loyalty breaks
REVOKE SELECT ON public.loyalty FROM replicator;

-- case: revoke-everything-of-the-role
-- expect: select-revoked public.address breaks
-- expect: select-revoked public.coupon breaks
-- expect: select-revoked public.customer breaks
-- expect: select-revoked public.loyalty breaks
-- expect: select-revoked public.order_item breaks
-- expect: select-revoked public.order_tag breaks
-- expect: select-revoked public.orders breaks
-- expect: select-revoked public.product breaks
-- expect: select-revoked public.tag breaks
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM replicator;

-- case: revoke-usage-of-a-schema
-- expect: select-revoked sales.shipment breaks
REVOKE USAGE ON SCHEMA sales FROM replicator;

-- case: revoke-from-another-role
-- expect: nothing
REVOKE SELECT ON public.loyalty FROM reporting;

-- case: change-another-role
-- expect: nothing
ALTER ROLE reporting NOLOGIN;

-- case: drop-another-role
-- expect: nothing
CREATE ROLE temporary_role;
DROP ROLE temporary_role;

-- case: grant-the-role-more
-- expect: nothing
GRANT INSERT ON public.loyalty TO replicator;
