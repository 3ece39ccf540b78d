-- Verdicts: 0 it is there; 2 it is over.
SELECT CASE WHEN u.sweep_at IS NOT NULL OR u.expires_at <= clock_timestamp () THEN 2 ELSE 0 END::bigint,
       u.id, u.name, u.length, u.purpose, u.expires_at,
       f.id, f.owner, f.name, f.type, f.size, encode (b.sha256, 'hex'), f.created_at
  FROM upload u LEFT JOIN file f ON f.id = u.file LEFT JOIN blob b ON b.id = f.blob
 WHERE u.id = $2::bigint AND u.owner = $1::bigint
