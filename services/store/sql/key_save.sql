UPDATE request_key SET reply = $4::bytea WHERE caller = $1::bigint AND key = $2::text COLLATE "C" AND opcode = $3::integer
