SELECT r.id FROM room r WHERE r.id = $1::bigint FOR UPDATE
