-- After account_lock.  Verdicts: 0 done, now or before; 1 no such upload; 2 it is over; 3 it has another length; 4 no such
-- upload any longer, but a blob of that name, which may be the bytes of other files.  The same content as a blob's makes
-- the file one of that blob.
WITH who AS (
    SELECT u.id, u.owner, u.name, u.purpose, u.file,
           CASE WHEN u.file IS NOT NULL THEN 0
                WHEN u.sweep_at IS NOT NULL THEN 2
                WHEN u.length IS DISTINCT FROM $4::bigint THEN 3
                ELSE 0 END AS verdict
      FROM upload u JOIN account a ON a.id = u.owner AND a.deleted_at IS NULL
     WHERE u.id = $2::bigint AND u.owner = $1::bigint
), bytes AS (
    INSERT INTO blob (name, sha256, size, refs)
    SELECT $6::text, $3::bytea, $4::bigint, 1 FROM who w WHERE w.verdict = 0 AND w.file IS NULL
        ON CONFLICT (sha256) WHERE sweep_at IS NULL DO UPDATE SET refs = blob.refs + 1
    RETURNING id, name
), made AS (
    INSERT INTO file (owner, blob, size, purpose, name, type)
    SELECT w.owner, b.id, $4::bigint, w.purpose, w.name, $5::text FROM who w CROSS JOIN bytes b
    RETURNING id, owner, name, type, size, created_at, purpose, uuid
), done AS (
    UPDATE upload u SET file = m.id FROM made m WHERE u.id = $2::bigint
), counted AS (
    UPDATE account a
       SET drive_files = a.drive_files + 1, avatar = CASE WHEN m.purpose = 2 THEN m.uuid ELSE a.avatar END
      FROM made m WHERE a.id = m.owner
)
SELECT CASE WHEN w.id IS NOT NULL THEN w.verdict
            WHEN EXISTS (SELECT FROM blob b WHERE b.name = $6::text COLLATE "C") THEN 4 ELSE 1 END::bigint, x.*
  FROM (SELECT 1) one
  LEFT JOIN who w ON true
  LEFT JOIN LATERAL (
      SELECT m.id, m.owner, m.name, m.type, m.size, encode ($3::bytea, 'hex'), m.created_at, b.name AS blob
        FROM made m CROSS JOIN bytes b
      UNION ALL
      SELECT f.id, f.owner, f.name, f.type, f.size, encode (b.sha256, 'hex'), f.created_at, b.name
        FROM file f JOIN blob b ON b.id = f.blob WHERE f.id = w.file) x ON true
