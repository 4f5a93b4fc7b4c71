-- case: a-column-that-is-left-out-is-renamed
-- pipeline: guarded
-- expect: column-renamed public.customer.notes breaks
ALTER TABLE public.customer RENAME COLUMN notes TO remarks;

-- case: a-column-that-is-left-out-is-dropped
-- pipeline: guarded
-- expect: column-dropped public.customer.notes breaks
ALTER TABLE public.customer DROP COLUMN notes;

-- case: a-hashed-column-is-renamed
-- pipeline: guarded
-- expect: column-renamed public.customer.legacy_code breaks
ALTER TABLE public.customer RENAME COLUMN legacy_code TO code;

-- case: a-hashed-column-becomes-a-number-and-stays-a-hash
-- pipeline: guarded
-- rows: public.customer=300
-- expect: column-retyped public.customer.legacy_code breaks
ALTER TABLE public.customer ALTER COLUMN legacy_code TYPE integer USING length(legacy_code);

-- case: a-hashed-column-becomes-longer
-- pipeline: guarded
-- expect: nothing
ALTER TABLE public.customer ALTER COLUMN legacy_code TYPE varchar(40);

-- case: the-column-that-chooses-rows-is-dropped
-- pipeline: guarded
-- expect: column-dropped public.customer.tier breaks
ALTER TABLE public.customer DROP COLUMN tier;
