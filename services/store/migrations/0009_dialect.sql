-- Rooms of dialects, and when a room was changed.
--
-- `dialect` was never written; as another column of the same name it needs no rewrite of the table.
-- 1 public, 2 chat, 3 clock, 4 member, 5 open.  `updated_at`: NULL until name or topic change.
ALTER TABLE room
    DROP COLUMN dialect,
    ADD COLUMN dialect    smallint CHECK (dialect BETWEEN 1 AND 5),
    ADD COLUMN updated_at timestamptz;
CREATE INDEX room_dialect_public ON room (id) WHERE dialect = 1;
