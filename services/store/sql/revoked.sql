-- Rows behind a place in a sweep, and what the next sweep begins with: every transaction below `settled` has ended and is
-- seen by this statement, so it need not be asked for again.  A database is known by its system and its timeline: one that was
-- restored or failed over may number its transactions anew.
WITH here AS (
    SELECT s.system_identifier || '-' || left (pg_walfile_name (pg_current_wal_lsn ()), 8) AS name,
           pg_snapshot_xmin (pg_current_snapshot ()) AS settled
      FROM pg_control_system () s
), place AS (
    SELECT h.name, h.settled, coalesce (h.name = $1::text, false) AS is_known FROM here h
)
SELECT r.account, r.session, r.generation, r.spared, r.at, p.name, p.is_known, p.settled::text, r.xid::text, r.id
  FROM place p
  LEFT JOIN LATERAL (
      SELECT v.xid, v.id, v.account, v.session, v.generation, v.spared, v.at FROM revocation v
       WHERE (v.xid, v.id) > (CASE WHEN p.is_known THEN ($2::text)::xid8 ELSE '0'::xid8 END,
                              CASE WHEN p.is_known THEN $3::bigint ELSE 0 END)
       ORDER BY v.xid, v.id LIMIT $4::bigint) r ON true
 ORDER BY r.xid, r.id
