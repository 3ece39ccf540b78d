-- The room, its member items 1..n and its members; nobody else can see the room
-- before this commits, so there is nothing to lock.  No row: the direct room
-- of that pair exists, or none of the addresses is free.  An account that is not there, or deleted,
-- becomes 0, which the foreign key refuses.
WITH free AS (
    SELECT c.address
      FROM unnest ($9::text[]) WITH ORDINALITY AS c (address, n)
     WHERE NOT EXISTS (SELECT FROM room r WHERE r.address = c.address COLLATE "C")
     ORDER BY c.n LIMIT 1
), made AS (
    INSERT INTO room (kind, name, topic, created_by, direct_key, dialect, address)
    SELECT $1::smallint, $2::text, $3::text, $4::bigint, $5::text, $8::smallint, f.address
      FROM (SELECT) one LEFT JOIN free f ON true
     WHERE f.address IS NOT NULL OR $9::text[] IS NULL
        ON CONFLICT DO NOTHING
    RETURNING id, created_at
), people AS MATERIALIZED (
    SELECT m.id AS room, coalesce (a.id, 0) AS account, p.seq, p.role, m.created_at + (p.seq - 1) * interval '1 microsecond' AS at
      FROM made m CROSS JOIN unnest ($6::bigint[], $7::smallint[]) WITH ORDINALITY AS p (account, role, seq)
      LEFT JOIN account a ON a.id = p.account AND a.deleted_at IS NULL
), block AS MATERIALIZED (
    SELECT nextval ('item_id') AS id
), items AS (
    INSERT INTO item (room, seq, id, created_at, sender, account, kind, what, role)
    SELECT p.room, p.seq, b.id + p.seq - 1, p.at, $4::bigint, p.account, 2, 1, p.role FROM people p, block b
), members AS (
    INSERT INTO member (room, account, role, joined_at, joined_seq)
    SELECT p.room, p.account, p.role, p.at, p.seq FROM people p
)
SELECT m.id FROM made m
