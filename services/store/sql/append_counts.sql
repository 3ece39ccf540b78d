-- Owners and members of the rooms whose membership the batch wants to change,
-- counted no further than a batch can take away.
SELECT g.slot,
       (SELECT count (*) FROM (SELECT FROM member m WHERE m.room = g.id AND m.role = 4 LIMIT $3::bigint) o),
       (SELECT count (*) FROM (SELECT FROM member m WHERE m.room = g.id LIMIT $3::bigint) a)
  FROM unnest ($1::bigint[], $2::bigint[]) AS g (id, slot)
