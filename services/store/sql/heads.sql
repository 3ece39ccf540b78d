SELECT r.id, GREATEST (r.floor, coalesce ((SELECT i.seq FROM item i WHERE i.room = r.id ORDER BY i.seq DESC LIMIT 1), 0)), r.epoch
  FROM room r WHERE r.id = ANY ($1::bigint[])
