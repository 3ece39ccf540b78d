-- The files of the batch that are their sender's own, locked as the rows that will name them do.
SELECT g.place, x.name, x.type, x.size
  FROM unnest ($1::bigint[], $2::bigint[], $3::bigint[]) AS g (owner, file, place)
 CROSS JOIN LATERAL (
      SELECT f.name, f.type, f.size FROM file f
       WHERE f.id = g.file AND f.owner = g.owner AND f.purpose = 1 FOR KEY SHARE) x
