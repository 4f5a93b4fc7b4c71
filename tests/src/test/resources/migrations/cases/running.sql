-- case: refers-to-what-is-not-there
-- expect: migration-fails - breaks
ALTER TABLE public.orders DROP COLUMN nowhere;

-- case: contradicts-the-rows-it-inserts
-- expect: migration-fails - breaks
INSERT INTO public.tag (id, label) VALUES (1, 'a'), (1, 'b');

-- case: fails-and-takes-its-transaction-along
-- expect: migration-fails - breaks
BEGIN;
ALTER TABLE public.orders DROP COLUMN comment;
SELECT 1 / 0;
COMMIT;

-- case: fails-after-what-stays
-- expect: column-dropped public.orders.comment breaks
-- expect: migration-fails - breaks
ALTER TABLE public.orders DROP COLUMN comment;
SELECT 1 / 0;

-- case: ends-inside-a-transaction
-- expect: migration-fails - breaks
BEGIN;
ALTER TABLE public.orders ADD COLUMN gift boolean;

-- case: concurrently-inside-a-transaction
-- expect: migration-fails - breaks
BEGIN;
CREATE INDEX CONCURRENTLY orders_currency ON public.orders (currency);
COMMIT;

-- case: mixed-in-a-plain-file
-- expect: not-in-transaction - fine
ALTER TABLE public.orders ADD COLUMN gift boolean;
CREATE INDEX CONCURRENTLY orders_gift ON public.orders (gift);

-- case: mixed-for-flyway
-- runner: flyway
-- expect: not-in-transaction - coordination
ALTER TABLE public.orders ADD COLUMN gift boolean;
CREATE INDEX CONCURRENTLY orders_gift ON public.orders (gift);

-- case: concurrently-alone-for-flyway
-- runner: flyway
-- expect: nothing
CREATE INDEX CONCURRENTLY orders_currency ON public.orders (currency);

-- case: exchange-a-key-for-flyway
-- runner: flyway
-- expect: nothing
ALTER TABLE public.loyalty DROP CONSTRAINT loyalty_pkey;
ALTER TABLE public.loyalty ADD PRIMARY KEY (id);

-- case: new-label-used-at-once-for-flyway
-- runner: flyway
-- expect: migration-fails - breaks
ALTER TYPE order_status ADD VALUE 'returned';
UPDATE public.orders SET status = 'returned' WHERE id = 5;

-- case: concurrently-for-liquibase
-- runner: liquibase
-- expect: not-in-transaction - breaks
--changeset ann:1
CREATE INDEX CONCURRENTLY orders_currency ON public.orders (currency);

-- case: concurrently-without-transaction-for-liquibase
-- runner: liquibase
-- expect: nothing
--changeset ann:1 runInTransaction:false
CREATE INDEX CONCURRENTLY orders_currency ON public.orders (currency);
--rollback DROP TABLE public.orders;

-- case: two-changesets-for-liquibase
-- runner: liquibase
-- expect: primary-key-dropped public.loyalty breaks
-- expect: primary-key-added public.loyalty coordination
--changeset ann:1
ALTER TABLE public.loyalty DROP CONSTRAINT loyalty_pkey;
--changeset ann:2
ALTER TABLE public.loyalty ADD PRIMARY KEY (id);

-- case: a-changeset-for-another-database
-- runner: liquibase
-- expect: nothing
--changeset ann:1 dbms:oracle
DROP TABLE public.orders;
--changeset ann:2 dbms:postgresql
CREATE INDEX ON public.orders (internal);

-- case: functions-with-a-delimiter-for-liquibase
-- runner: liquibase
-- expect: nothing
--changeset ann:1 endDelimiter:/
CREATE FUNCTION public.f() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$
/
CREATE FUNCTION public.g() RETURNS integer LANGUAGE sql AS 'SELECT 1'
/
