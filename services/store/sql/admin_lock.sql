-- All of staff with the account at hand, so that of two who leave staff at once one sees the other.
SELECT a.id FROM account a WHERE a.id = $1::bigint OR a.staff ORDER BY a.id FOR NO KEY UPDATE
