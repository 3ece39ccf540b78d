DELETE FROM contact WHERE id = $1::bigint
