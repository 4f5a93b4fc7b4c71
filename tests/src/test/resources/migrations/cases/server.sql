-- case: nobody-may-connect
-- expect: role-changed - breaks
REVOKE CONNECT ON DATABASE shop FROM PUBLIC;

-- case: nobody-may-connect-for-flyway
-- runner: flyway
-- expect: role-changed - breaks
ALTER TABLE public.orders ADD COLUMN gift boolean;
REVOKE ALL ON DATABASE shop FROM PUBLIC;

-- case: only-some-may-connect-and-millrace-is-one-of-them
-- expect: nothing
BEGIN;
REVOKE CONNECT ON DATABASE shop FROM PUBLIC;
GRANT CONNECT ON DATABASE shop TO app, replicator;
COMMIT;

-- case: the-database-takes-no-connections
-- expect: role-changed - breaks
ALTER DATABASE shop WITH CONNECTION LIMIT 0;

-- case: grants-on-the-database
-- expect: nothing
GRANT CONNECT, TEMPORARY ON DATABASE shop TO app;
COMMENT ON DATABASE shop IS 'what people order';

-- case: another-database
-- expect: nothing
CREATE DATABASE reports;

-- case: as-a-role-that-owns-the-tables
-- expect: nothing
SET ROLE app_owner;
ALTER TABLE public.orders ADD COLUMN gift boolean;
RESET ROLE;

-- case: as-a-role-that-owns-the-tables-and-breaks
-- expect: column-dropped public.orders.comment breaks
BEGIN;
SET LOCAL ROLE app_owner;
ALTER TABLE public.orders DROP COLUMN comment;
COMMIT;

-- case: wal-level-goes-down
-- expect: server-setting wal_level breaks
ALTER SYSTEM SET wal_level = 'replica';

-- case: wal-level-stays
-- expect: nothing
ALTER SYSTEM SET wal_level = 'logical';

-- case: no-senders
-- expect: server-setting max_wal_senders breaks
ALTER SYSTEM SET max_wal_senders = 0;

-- case: no-slots
-- expect: server-setting max_replication_slots breaks
ALTER SYSTEM SET max_replication_slots TO '0';

-- case: slots-are-given-up-early
-- expect: server-setting max_slot_wal_keep_size coordination
ALTER SYSTEM SET max_slot_wal_keep_size = '64MB';

-- case: settings-of-no-matter
-- expect: nothing
ALTER SYSTEM SET work_mem = '64MB';

-- case: settings-of-no-matter-of-a-database-and-a-role
-- expect: nothing
ALTER DATABASE shop SET search_path = sales, public;
ALTER ROLE app SET statement_timeout = '5s';

-- case: the-database-becomes-read-only
-- expect: server-setting default_transaction_read_only breaks
ALTER DATABASE shop SET default_transaction_read_only = on;

-- case: the-replicating-role-becomes-read-only
-- expect: server-setting default_transaction_read_only breaks
ALTER ROLE replicator SET default_transaction_read_only = true;

-- case: another-role-becomes-read-only
-- expect: nothing
ALTER ROLE reporting SET default_transaction_read_only = on;

-- case: everybody-becomes-read-only
-- expect: server-setting default_transaction_read_only breaks
ALTER ROLE ALL SET default_transaction_read_only = on;
