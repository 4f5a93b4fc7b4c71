-- case: reads a file of the caller's
-- comes: No such file or directory
CREATE TABLE loot (line text);
COPY loot FROM '${secret}';

-- case: reads a file of the caller's by a function
-- comes: No such file or directory
DO $$ BEGIN RAISE EXCEPTION 'loot: %', pg_read_file('${secret}'); END $$;

-- case: reads the environment
-- comes: No such file or directory
DO $$ BEGIN RAISE EXCEPTION 'loot: %', encode(pg_read_binary_file('/proc/self/environ'), 'escape'); END $$;

-- case: reads the passwords of the machine
-- comes: No such file or directory
DO $$ BEGIN RAISE EXCEPTION 'loot: %', pg_read_file('/etc/shadow'); END $$;

-- case: writes a file, which stays inside
-- comes: nothing at or above
COPY (SELECT 'here') TO '${outside}';

-- case: writes a file as a large object, which stays inside
-- comes: nothing at or above
DO $$ DECLARE here oid := lo_from_bytea(0, 'here'); BEGIN PERFORM lo_export(here, '${outside}'); END $$;

-- case: runs a program
-- comes: migration-fails
COPY (SELECT 'here') TO PROGRAM 'cat > ${outside}';

-- case: reads the environment by a program
-- comes: migration-fails
CREATE TABLE loot (line text);
COPY loot FROM PROGRAM 'env';

-- case: leaves a process running
-- comes: migration-fails
CREATE TABLE loot (line text);
COPY loot FROM PROGRAM 'sleep 4711 > /dev/null 2>&1 &';

-- case: calls the system's library
-- comes: migration-fails
CREATE FUNCTION run(cstring) RETURNS integer LANGUAGE c STRICT AS 'libc.so.6', 'system';
SELECT run('touch ${outside}');

-- case: calls home
-- comes: could not establish connection
CREATE EXTENSION dblink;
SELECT dblink_connect('host=127.0.0.1 port=${port} user=postgres password=postgres dbname=postgres connect_timeout=3');

-- case: sleeps for ever
-- comes: was ended after 15 s (--time-limit)
-- limit: PT15S
SELECT pg_sleep(1000000);

-- case: computes for ever
-- comes: was ended after 15 s (--time-limit)
-- limit: PT15S
DO $$ BEGIN LOOP END LOOP; END $$;

-- case: takes all memory
-- comes: migration-fails
DO $$ DECLARE much bytea[]; BEGIN FOR i IN 1..40 LOOP much := much || convert_to(repeat('x', 100000000), 'UTF8'); END LOOP; END $$;

-- case: fills the disk
-- comes: No space left on device|was ended after|failed
CREATE UNLOGGED TABLE big (body text);
ALTER TABLE big ALTER COLUMN body SET STORAGE EXTERNAL;
INSERT INTO big SELECT repeat(md5(i::text), 30000) FROM generate_series(1, 4000) i;

-- case: sets what the server cannot start with
-- comes: nothing at or above
ALTER SYSTEM SET shared_preload_libraries = 'no_such_library';

-- case: locks everybody out
-- comes: cannot be used|failed|nothing at or above
ALTER ROLE postgres PASSWORD 'mine';

-- case: ends every other session
-- comes: failed
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend';

-- case: makes itself a superuser under another name
-- comes: nothing at or above
CREATE ROLE mine SUPERUSER LOGIN PASSWORD 'mine';

-- case: drops the other databases
-- comes: nothing at or above
DROP DATABASE registry;

-- case: reads files through an extension
-- comes: No such file or directory
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE loot (line text) SERVER files OPTIONS (filename '${secret}');
SELECT * FROM loot;
