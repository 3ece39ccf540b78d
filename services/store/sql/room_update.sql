-- After room_lock; no row unless the account may: staff in rooms of the dialect `public`, else its admins and owners.
UPDATE room r
   SET name = coalesce ($3::text, r.name), topic = coalesce ($4::text, r.topic), updated_at = clock_timestamp ()
 WHERE r.id = $2::bigint AND r.kind <> 3
   AND CASE WHEN r.dialect = 1 THEN EXISTS (SELECT FROM account a WHERE a.id = $1::bigint AND a.staff AND a.active)
            ELSE EXISTS (SELECT FROM member m WHERE m.room = r.id AND m.account = $1::bigint AND m.role >= 3) END
RETURNING r.id
