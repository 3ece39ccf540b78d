SELECT f.id FROM credential f
 WHERE f.id = (SELECT t.family FROM refresh_token t WHERE t.hash = $1::bytea) FOR UPDATE
