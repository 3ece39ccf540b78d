-- Where each room of the batch stands, read after the locks.
SELECT g.slot, r.kind, r.epoch, r.floor, coalesce (l.seq, 0), l.created_at, clock_timestamp (), r.dialect
  FROM unnest ($1::bigint[]) WITH ORDINALITY AS g (id, slot)
  JOIN room r ON r.id = g.id
  LEFT JOIN LATERAL (SELECT t.seq, t.created_at FROM item t WHERE t.room = g.id ORDER BY t.seq DESC LIMIT 1) l ON true
