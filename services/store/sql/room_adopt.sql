-- The direct room of a pair belongs to the dialect from here on, unless it belongs to one already.
UPDATE room SET dialect = coalesce (dialect, $2::smallint) WHERE direct_key = $1::text COLLATE "C" RETURNING id
