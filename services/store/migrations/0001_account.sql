-- Accounts and their sessions.  Ids are identities (1 .. 2^63-1).  Texts that
-- are compared or indexed carry COLLATE "C": byte order does not change with
-- the C library, so an index survives an upgrade of the operating system.

CREATE TABLE account (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login         text COLLATE "C",
    email         text COLLATE "C",
    name          text,
    password_hash text,
    active        boolean NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp (),
    CONSTRAINT account_named CHECK (login IS NOT NULL OR email IS NOT NULL)
);
CREATE UNIQUE INDEX account_login ON account (lower (login));
CREATE UNIQUE INDEX account_email ON account (lower (email));
CREATE INDEX account_name ON account ((lower (name) COLLATE "C"));

-- One signed-in device: the family of refresh tokens that follow each other.
CREATE TABLE refresh_family (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account    bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    device     text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp (),
    used_at    timestamptz NOT NULL DEFAULT clock_timestamp (),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX refresh_family_account ON refresh_family (account, id);
CREATE INDEX refresh_family_expires ON refresh_family (expires_at);

-- Hashes alone: who reads this table can't sign in with it.
CREATE TABLE refresh_token (
    hash       bytea PRIMARY KEY,
    family     bigint NOT NULL REFERENCES refresh_family ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    next_hash  bytea,
    CONSTRAINT refresh_token_used CHECK ((used_at IS NULL) = (next_hash IS NULL))
);
CREATE INDEX refresh_token_family ON refresh_token (family);
CREATE INDEX refresh_token_expires ON refresh_token (expires_at);
