-- Tables for every shape. References are not enforced: rows come before, after and without those they refer to.
CREATE SCHEMA shop;
CREATE SCHEMA hr;
CREATE SCHEMA "Mixed Case";
CREATE TYPE shop.mood AS ENUM ('sad', 'ok', 'happy');

CREATE TABLE shop.customer (id bigint PRIMARY KEY, handle text UNIQUE, external uuid UNIQUE, referrer_id bigint, manager text, first_name text, last_name varchar(40), phone text,
    code char(5), mood shop.mood, born date, vip boolean, credit numeric, rating real, ratio float8, visits int, labels text[], profile jsonb, raw json, lat float8, lon numeric, seen timestamptz, deleted_at timestamptz);
CREATE TABLE shop."order" (id bigint PRIMARY KEY, customer_id bigint, payer text, status text, total numeric, weight real, ratio float8, amount bigint, parts int, mood shop.mood, ordered_at timestamptz, due date, paid boolean);
CREATE TABLE shop.item (order_id bigint, no int, product_id int, quantity int, price numeric, title text, PRIMARY KEY (order_id, no));
CREATE TABLE shop.remark (id int PRIMARY KEY, order_id bigint, item_no int, body text);
CREATE TABLE shop.product (id int PRIMARY KEY, sku text UNIQUE, category_id int, name text, price numeric);
CREATE TABLE shop.category (id int PRIMARY KEY, parent_id int, name text);
CREATE TABLE shop.tag (id uuid PRIMARY KEY, label text, rank int);
CREATE TABLE shop.customer_tag (customer_id bigint, tag_id uuid, added date, weight int, PRIMARY KEY (customer_id, tag_id));
CREATE TABLE shop.passport (customer_id bigint PRIMARY KEY, no text, issued date);

CREATE TABLE hr.region (id int PRIMARY KEY, name text);
CREATE TABLE hr.country (id int PRIMARY KEY, region_id int, name text);
CREATE TABLE hr.city (id int PRIMARY KEY, country_id int, mayor_id int, name text);
CREATE TABLE hr.street (id int PRIMARY KEY, city_id int, name text);
CREATE TABLE hr.house (id int PRIMARY KEY, street_id int, owner_id int, no text);
CREATE TABLE hr.flat (id int PRIMARY KEY, house_id int, floor int);
CREATE TABLE hr.resident (id int PRIMARY KEY, flat_id int, employer_id int, name text);
CREATE TABLE hr.pet (id int PRIMARY KEY, resident_id int, kind_id int, name text);
CREATE TABLE hr.employer (id int PRIMARY KEY, country_id int, name text);
CREATE TABLE hr.kind (id int PRIMARY KEY, name text);
CREATE TABLE hr.badge (id int PRIMARY KEY, resident_id int, label text);
CREATE TABLE hr.parking (house_id int, place int, PRIMARY KEY (house_id, place));

CREATE TABLE "Mixed Case"."Odd Table" ("Key" int PRIMARY KEY, "customer.id" bigint, "Größe" numeric, "select" text);
CREATE TABLE "Mixed Case".mixed (a int, "B" text, "Ref" int, PRIMARY KEY ("B", a));

CREATE TABLE shop.kid (id int PRIMARY KEY, k_int int, k_bigint bigint, k_smallint smallint, k_uuid uuid, k_text text, k_varchar varchar(20), k_char char(3), k_numeric numeric, k_date date, k_enum shop.mood, k_bool boolean, k_inet inet, k_time timestamptz);
CREATE TABLE shop.by_int (k int PRIMARY KEY, v text);
CREATE TABLE shop.by_bigint (k bigint PRIMARY KEY, v text);
CREATE TABLE shop.by_smallint (k smallint PRIMARY KEY, v text);
CREATE TABLE shop.by_uuid (k uuid PRIMARY KEY, v text);
CREATE TABLE shop.by_text (k text PRIMARY KEY, v text);
CREATE TABLE shop.by_varchar (k varchar(20) PRIMARY KEY, v text);
CREATE TABLE shop.by_char (k char(3) PRIMARY KEY, v text);
CREATE TABLE shop.by_numeric (k numeric PRIMARY KEY, v text);
CREATE TABLE shop.by_date (k date PRIMARY KEY, v text);
CREATE TABLE shop.by_enum (k shop.mood PRIMARY KEY, v text);
CREATE TABLE shop.by_bool (k boolean PRIMARY KEY, v text);
CREATE TABLE shop.by_inet (k inet PRIMARY KEY, v text);
CREATE TABLE shop.by_time (k timestamptz PRIMARY KEY, v text);

CREATE TABLE shop.everything (id int PRIMARY KEY, small smallint, whole int, big bigint, exact numeric, scaled numeric(12, 3), single real, double double precision, flag boolean, words text, short varchar(10), padded char(6),
    bytes bytea, day date, stamp timestamp, instant timestamptz, clock time, span interval, ident uuid, address inet, net cidr, mac macaddr, range int4range, period tstzrange, doc jsonb, raw json, mood shop.mood,
    texts text[], ints int[], bigs bigint[], exacts numeric[], instants timestamptz[], blobs bytea[], idents uuid[], price money, prices money[], zoned timetz);
