-- A statement of its own: it sees the row that made key_claim wait.
SELECT k.hash = sha256 ($4::bytea), k.reply FROM request_key k
 WHERE k.caller = $1::bigint AND k.key = $2::text COLLATE "C" AND k.opcode = $3::integer
