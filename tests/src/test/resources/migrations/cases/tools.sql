-- case: goose
-- expect: nothing
-- +goose Up
ALTER TABLE public.orders ADD COLUMN gift boolean;

-- +goose Down
ALTER TABLE public.orders DROP COLUMN comment;

-- case: goose-with-a-function
-- expect: column-dropped public.orders.comment breaks
-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION public.one() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END; $$;
-- +goose StatementEnd
ALTER TABLE public.orders DROP COLUMN comment;
-- +goose Down
TRUNCATE public.tag;

-- case: goose-in-a-transaction
-- expect: default-without-event public.orders.gift coordination
-- +goose Up
ALTER TABLE public.orders ADD COLUMN gift boolean DEFAULT false;
ALTER TABLE public.orders ALTER COLUMN gift DROP DEFAULT;

-- case: goose-concurrently
-- expect: not-in-transaction - breaks
-- +goose Up
CREATE INDEX CONCURRENTLY orders_currency ON public.orders (currency);

-- case: goose-concurrently-without-a-transaction
-- expect: nothing
-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY orders_currency ON public.orders (currency);
-- +goose Down
DROP TABLE public.orders CASCADE;

-- case: dbmate
-- expect: nothing
-- migrate:up
CREATE TABLE public.note (id integer PRIMARY KEY);

-- migrate:down
DROP TABLE public.loyalty;

-- case: dbmate-that-breaks
-- expect: table-dropped public.loyalty breaks
-- migrate:up
DROP TABLE public.loyalty;

-- migrate:down
CREATE TABLE public.loyalty (id integer PRIMARY KEY, customer_id bigint NOT NULL, points integer);

-- case: dbmate-without-a-transaction
-- expect: nothing
-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY orders_currency ON public.orders (currency);

-- migrate:down transaction:false
DROP INDEX CONCURRENTLY public.orders_currency;

-- case: sql-migrate
-- expect: nothing
-- +migrate Up
ALTER TABLE public.orders ADD COLUMN gift boolean;
-- +migrate Down
ALTER TABLE public.orders DROP COLUMN total;

-- case: sql-migrate-without-a-transaction
-- expect: nothing
-- +migrate Up notransaction
CREATE INDEX CONCURRENTLY orders_currency ON public.orders (currency);
-- +migrate Down
TRUNCATE public.orders CASCADE;

-- case: node-pg-migrate
-- expect: nothing
-- Up Migration
CREATE INDEX orders_currency ON public.orders (currency);
-- Down Migration
DROP PUBLICATION millrace_shop;
