"""How a database is put back into the state of its template, in SQL.

The template remembers, in a schema of its own, how many rows each table has and which transaction wrote the newest of them. What differs
afterwards was changed: those tables are emptied and get back the rows that they had. The same two figures of the system's catalogs
say whether anything but rows was changed; such a database is not washed, but thrown away.
"""

#: (catalog, which of its rows): what tests could change besides rows. A temporary table leaves a schema behind that means nothing.
_CATALOGS = (
    ("pg_attrdef", "true"),
    ("pg_attribute", "attrelid >= 16384"),
    ("pg_class", "oid >= 16384"),
    ("pg_constraint", "true"),
    ("pg_default_acl", "true"),
    ("pg_extension", "true"),
    ("pg_index", "indexrelid >= 16384"),
    ("pg_namespace", "nspname !~ '^pg_'"),
    ("pg_policy", "true"),
    ("pg_proc", "oid >= 16384"),
    ("pg_rewrite", "true"),
    ("pg_sequence", "true"),
    ("pg_trigger", "true"),
    ("pg_type", "oid >= 16384"),
)
_SHAPE = " UNION ALL ".join(
    f"SELECT '{name}' AS name, count(*) AS rows, max(xmin::text::bigint) AS newest FROM pg_catalog.{name} WHERE {which}"
    for name, which in _CATALOGS
)

#: Ends with the figures of the catalogs, which everything before it has changed.
REMEMBER = f"""
DROP SCHEMA IF EXISTS clean CASCADE;
CREATE SCHEMA clean;
CREATE TABLE clean.held (relation regclass PRIMARY KEY, kept regclass, columns text, rows bigint, newest bigint);
CREATE TABLE clean.counter (sequence regclass PRIMARY KEY, value bigint);
CREATE TABLE clean.shape (name text, rows bigint, newest bigint);

CREATE FUNCTION clean.look(relation regclass, OUT rows bigint, OUT newest bigint) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT count(*), max(xmin::text::bigint) FROM ONLY %s', relation) INTO rows, newest;
END $$;

CREATE FUNCTION clean.wash() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    each record;
    now_ record;
BEGIN
    IF EXISTS ((TABLE clean.shape EXCEPT ({_SHAPE})) UNION ALL (({_SHAPE}) EXCEPT TABLE clean.shape)
               UNION ALL SELECT '', 0, 0 FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase
                         WHERE d.datname = current_database())
    THEN
        RETURN false;
    END IF;
    -- Rows that may not be removed, and rows that others point to: neither triggers nor references are asked.
    PERFORM set_config('session_replication_role', 'replica', true);
    FOR each IN SELECT * FROM clean.held LOOP
        SELECT * INTO now_ FROM clean.look(each.relation);
        IF (now_.rows, now_.newest) IS DISTINCT FROM (each.rows, each.newest) THEN
            EXECUTE format('DELETE FROM ONLY %s', each.relation);
            IF each.kept IS NOT NULL THEN
                EXECUTE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM %s', each.relation, each.columns, each.kept);
            END IF;
            SELECT * INTO now_ FROM clean.look(each.relation);
            UPDATE clean.held SET newest = now_.newest WHERE relation = each.relation;
        END IF;
    END LOOP;
    PERFORM setval(counter.sequence, coalesce(counter.value, s.start_value), counter.value IS NOT NULL)
    FROM clean.counter JOIN pg_sequences s ON format('%I.%I', s.schemaname, s.sequencename)::regclass = counter.sequence
    WHERE s.last_value IS DISTINCT FROM counter.value;
    RETURN true;
END $$;

DO $$
DECLARE
    each record;
    number integer := 0;
BEGIN
    FOR each IN
        SELECT c.oid::regclass AS relation, l.rows, l.newest,
               (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') AS columns
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, clean.look(c.oid::regclass) l
        WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'clean')
    LOOP
        number := number + 1;
        IF each.rows > 0 THEN
            EXECUTE format('CREATE TABLE clean.kept_%s AS SELECT %s FROM ONLY %s', number, each.columns, each.relation);
        END IF;
        INSERT INTO clean.held VALUES (each.relation, to_regclass('clean.kept_' || number), each.columns, each.rows, each.newest);
    END LOOP;
END $$;

INSERT INTO clean.counter SELECT format('%I.%I', schemaname, sequencename)::regclass, last_value FROM pg_sequences;
INSERT INTO clean.shape {_SHAPE}
"""
WASH = "SELECT clean.wash()"
