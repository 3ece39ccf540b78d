SELECT c.id, c.device, c.prefix, coalesce (c.scopes, ''), c.created_at, c.used_at, c.expires_at
  FROM credential c
 WHERE c.account = $1::bigint AND c.kind = 4 AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > clock_timestamp ())
 ORDER BY c.id DESC LIMIT $2::bigint
