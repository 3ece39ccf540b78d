DELETE FROM request_key WHERE (caller, key, opcode) IN
       (SELECT k.caller, k.key, k.opcode FROM request_key k WHERE k.expires < clock_timestamp ()
         ORDER BY k.expires LIMIT $1::bigint FOR UPDATE SKIP LOCKED)
