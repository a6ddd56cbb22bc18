"""What a database consists of beside its rows: what a restore can leave out, and nobody notices at once."""

from drillyard.assess.tables import Connection

_OBJECTS = rb"""
    SELECT 'table ' || c.relname FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
    UNION ALL
    SELECT 'index ' || c.relname FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
     WHERE c.relnamespace = 'public'::regnamespace AND i.indisvalid
    UNION ALL
    SELECT 'constraint ' || n.conname || ' of ' || c.relname
      FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid
     WHERE n.connamespace = 'public'::regnamespace AND n.convalidated
    UNION ALL
    SELECT 'trigger ' || t.tgname || ' of ' || c.relname
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal AND t.tgenabled <> 'D'
    UNION ALL
    SELECT 'function ' || p.oid::regprocedure || ' as it was (' || left(md5(p.prosrc), 8) || ')'
      FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'column ' || c.relname || '.' || t.attname || ' ' || format_type(t.atttypid, t.atttypmod)
           || CASE WHEN t.attnotnull THEN ' not null' ELSE '' END
           || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
      FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = t.attnum
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    UNION ALL
    SELECT 'extension ' || extname FROM pg_extension
    UNION ALL
    SELECT 'role ' || rolname || CASE WHEN rolcanlogin THEN ' with login' ELSE '' END
      FROM pg_roles WHERE rolname NOT LIKE 'pg\_%'
    UNION ALL
    SELECT 'membership of ' || m.member::regrole || ' in ' || m.roleid::regrole FROM pg_auth_members m
     WHERE m.member >= 16384
    UNION ALL
    SELECT 'setting ' || option || coalesce(' of role ' || nullif(s.setrole, 0)::regrole, '')
      FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) option
     WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    UNION ALL
    SELECT 'owner ' || c.relowner::regrole || ' of ' || c.relname FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
    UNION ALL
    SELECT 'grant of ' || a.privilege_type || ' on ' || c.relname || ' to '
           || coalesce(r.rolname, 'everybody')
      FROM pg_class c
     CROSS JOIN LATERAL aclexplode(coalesce(
           c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) a
      LEFT JOIN pg_roles r ON r.oid = a.grantee
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
       AND r.rolname IS DISTINCT FROM 'postgres'
    UNION ALL
    SELECT 'grant of ' || a.privilege_type || ' on function ' || p.oid::regprocedure || ' to '
           || coalesce(r.rolname, 'everybody')
      FROM pg_proc p
     CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      LEFT JOIN pg_roles r ON r.oid = a.grantee
     WHERE p.pronamespace = 'public'::regnamespace AND r.rolname IS DISTINCT FROM 'postgres'
    UNION ALL
    SELECT 'grant of ' || a.privilege_type || ' on schema ' || n.nspname || ' to '
           || coalesce(r.rolname, 'everybody')
      FROM pg_namespace n
     CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
      LEFT JOIN pg_roles r ON r.oid = a.grantee
     WHERE n.nspname NOT LIKE 'pg\_%' AND r.rolname IS DISTINCT FROM 'postgres'
       AND NOT (n.nspname = 'public' AND a.grantee = 0)  -- what pg_dump does not write down
    UNION ALL
    SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%'
    UNION ALL
    SELECT 'identity of ' || c.relname || '.' || t.attname
      FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid AND t.attidentity <> ''
     WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'rights of the owner for function ' || p.oid::regprocedure FROM pg_proc p
     WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
    UNION ALL
    SELECT 'grant of ' || a.privilege_type || ' on ' || c.relname || '.' || t.attname || ' to ' || r.rolname
      FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid
     CROSS JOIN LATERAL aclexplode(t.attacl) a JOIN pg_roles r ON r.oid = a.grantee
     WHERE c.relnamespace = 'public'::regnamespace AND r.rolname <> 'postgres'
"""
_SEQUENCES = b"""
    SELECT s.oid::regclass::text, t.oid::regclass::text, quote_ident(a.attname)
      FROM pg_class s
      JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      JOIN pg_class t ON t.oid = d.refobjid
      JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
     WHERE s.relkind = 'S' AND t.relnamespace = 'public'::regnamespace
"""


async def objects(connection: Connection) -> frozenset[str]:
    """Schemas, tables, columns, valid indexes, validated constraints, enabled triggers, functions,
    extensions, owners, grants, and roles with their memberships and settings, in words.

    Raises:
        psycopg.Error: the database does not answer.
    """
    await connection.execute(b"SELECT set_config('search_path', 'pg_catalog', false)")  # names in full
    try:
        cursor = await connection.execute(_OBJECTS)
        return frozenset(str(row[0]) for row in await cursor.fetchall())
    finally:
        await connection.execute(b"RESET search_path")


async def sequences_behind(connection: Connection) -> tuple[str, ...]:
    """The sequences that would give a number that is there already.

    Raises:
        psycopg.Error: the database does not answer.
    """
    found = await (await connection.execute(_SEQUENCES)).fetchall()
    behind = []
    for sequence, table, column in found:
        query = f"SELECT (SELECT last_value FROM {sequence}) < (SELECT max({column}) FROM {table})"  # noqa: S608
        row = await (await connection.execute(query.encode())).fetchone()
        if row and row[0]:
            behind.append(f"{sequence} of {table}")
    return tuple(sorted(behind))
