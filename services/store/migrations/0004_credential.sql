-- What people are signed in with, of every kind, in one table: 1 a session with
-- refresh tokens, 2 authtoken, 3 knox, 4 an API token, 5 a cookie.  Of the opaque ones
-- (2 to 5) the hash alone is kept.  The old name stays as a view, for stores
-- of the version before.

ALTER TABLE refresh_family RENAME TO credential;
ALTER SEQUENCE refresh_family_id_seq RENAME TO credential_id_seq;
ALTER INDEX refresh_family_pkey RENAME TO credential_pkey;
ALTER INDEX refresh_family_account RENAME TO credential_account;
ALTER INDEX refresh_family_expires RENAME TO credential_expires;

-- `device` is the name of an API token.  `life` is how long the credential lasts from
-- its last use; NULL: `expires_at` stands.
ALTER TABLE credential
    ADD COLUMN kind   smallint NOT NULL DEFAULT 1,
    ADD COLUMN hash   bytea,
    ADD COLUMN prefix text,
    ADD COLUMN scopes text,
    ADD COLUMN life   interval,
    ALTER COLUMN used_at DROP NOT NULL,
    ALTER COLUMN expires_at DROP NOT NULL,
    ADD CONSTRAINT credential_shape CHECK (CASE kind WHEN 1 THEN hash IS NULL AND expires_at IS NOT NULL
                                                     ELSE kind BETWEEN 2 AND 5 AND hash IS NOT NULL END);
CREATE UNIQUE INDEX credential_hash ON credential (hash) WHERE hash IS NOT NULL;
CREATE INDEX credential_live ON credential (account, kind, id) WHERE revoked_at IS NULL;
CREATE INDEX credential_revoked ON credential (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE VIEW refresh_family AS
    SELECT id, account, device, created_at, used_at, expires_at, revoked_at FROM credential WHERE kind = 1;
