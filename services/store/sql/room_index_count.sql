SELECT CASE WHEN $2::smallint = 1
            THEN (SELECT count (*) FROM room r WHERE r.dialect = 1 AND ($3::smallint IS NULL OR r.kind = $3::smallint))
            ELSE (SELECT count (*) FROM member m JOIN room r ON r.id = m.room
                   WHERE m.account = $1::bigint AND r.dialect = $2::smallint
                     AND ($3::smallint IS NULL OR r.kind = $3::smallint)) END
