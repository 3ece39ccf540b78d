INSERT INTO audit (at, what, account, by, session, address, trace)
SELECT g.at, g.what, g.account, g.by, g.session, g.address, g.trace
  FROM unnest ($1::timestamptz[], $2::smallint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[])
       AS g (at, what, account, by, session, address, trace)
    ON CONFLICT DO NOTHING
