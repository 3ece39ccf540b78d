-- Of names and the uploads that are part of them.  While its upload is under way a name may become a blob's;
-- a name that is an upload alone ($3) is known as long as that has a row.
SELECT g.name FROM unnest ($1::text[], $2::bigint[], $3::bigint[]) AS g (name, upload, part)
 WHERE NOT EXISTS (SELECT FROM blob b WHERE b.name = g.name COLLATE "C")
   AND NOT EXISTS (SELECT FROM upload u WHERE u.id = g.upload AND u.file IS NULL AND u.sweep_at IS NULL)
   AND NOT EXISTS (SELECT FROM upload u WHERE u.id = g.part)
