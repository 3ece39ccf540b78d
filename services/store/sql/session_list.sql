SELECT c.id, c.device, c.created_at, coalesce (c.used_at, c.created_at), c.id = $2::bigint, c.kind, c.expires_at
  FROM credential c
 WHERE c.account = $1::bigint AND c.kind <> 4 AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > clock_timestamp ())
 ORDER BY c.id DESC LIMIT $3::bigint
