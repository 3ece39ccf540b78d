-- After room_lock.  What the room held is removed later, in bounded steps.
WITH gone AS (
    DELETE FROM room r USING member m
     WHERE r.id = $2::bigint AND m.room = r.id AND m.account = $1::bigint AND m.role = 4
    RETURNING r.id
)
INSERT INTO room_trash (room) SELECT g.id FROM gone g
