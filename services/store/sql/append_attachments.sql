INSERT INTO attachment (file, room, seq)
SELECT g.file, g.room, max (g.seq) FROM unnest ($1::bigint[], $2::bigint[], $3::bigint[]) AS g (file, room, seq)
 GROUP BY g.file, g.room
    ON CONFLICT (file, room) DO UPDATE SET seq = excluded.seq
