-- After room_lock; no row unless the account may: staff in rooms of the dialect `public`, else its owners.  What the room
-- held is removed later, in bounded steps.
WITH gone AS (
    DELETE FROM room r
     WHERE r.id = $2::bigint
       AND CASE WHEN r.dialect = 1 THEN EXISTS (SELECT FROM account a WHERE a.id = $1::bigint AND a.staff AND a.active)
                ELSE EXISTS (SELECT FROM member m WHERE m.room = r.id AND m.account = $1::bigint AND m.role = 4) END
    RETURNING r.id
)
INSERT INTO room_trash (room) SELECT g.id FROM gone g RETURNING room
