SELECT r.id, coalesce (r.dialect, 0::smallint) FROM room r WHERE r.id = $1::bigint FOR UPDATE
