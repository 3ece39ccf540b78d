SELECT f.id, f.device, f.created_at, f.used_at, f.id = $2::bigint
  FROM refresh_family f
 WHERE f.account = $1::bigint AND f.revoked_at IS NULL AND f.expires_at > clock_timestamp ()
 ORDER BY f.id DESC LIMIT $3::bigint
