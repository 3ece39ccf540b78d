-- A statement of its own: it sees the row that made key_claim wait.  The lock is there
-- to be written: the COMMIT of a repeat then waits for a standby as the first one did.
SELECT k.hash = sha256 ($4::bytea), k.reply FROM request_key k
 WHERE k.caller = $1::bigint AND k.key = $2::text COLLATE "C" AND k.opcode = $3::integer
   FOR KEY SHARE
