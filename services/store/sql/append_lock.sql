-- The locks of a batch's rooms, in id order.  Decides nothing: its snapshot is
-- older than the locks it waits for.
SELECT r.id FROM room r WHERE r.id = ANY ($1::bigint[]) ORDER BY r.id FOR NO KEY UPDATE
