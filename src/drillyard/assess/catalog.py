"""What a database consists of beside its rows: what a restore can leave out, and nobody notices at once."""

from typing import Any

import psycopg

Connection = psycopg.AsyncConnection[tuple[Any, ...]]

_OBJECTS = b"""
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
    SELECT 'function ' || p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'grant of ' || a.privilege_type || ' on ' || c.relname || ' to ' || r.rolname
      FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
     WHERE c.relnamespace = 'public'::regnamespace AND r.rolname <> 'postgres'
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
    """Tables, valid indexes, validated constraints, enabled triggers, functions and grants, in words.

    Raises:
        psycopg.Error: the database does not answer.
    """
    cursor = await connection.execute(_OBJECTS)
    return frozenset(str(row[0]) for row in await cursor.fetchall())


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
