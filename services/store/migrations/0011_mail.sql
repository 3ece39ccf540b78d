-- Whose page the link of a mail leads to, as room.dialect; NULL: the interface's.
ALTER TABLE mail ADD COLUMN dialect smallint;
