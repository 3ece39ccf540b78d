SELECT r.id FROM room r WHERE r.direct_key = $1::text COLLATE "C"
