-- Profiles, staff, deletion, and the two generations: `generation` rises when all of an
-- account's sessions end, `authtoken` when its authtoken key does.

-- Trusted: who may CREATE in the database may make it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- A deleted account stays as a row without a name, for what it wrote.  `leaving`:
-- rooms may have it as a member still.
ALTER TABLE account
    ADD COLUMN uuid            uuid NOT NULL DEFAULT gen_random_uuid (),
    ADD COLUMN nickname        text,
    ADD COLUMN staff           boolean NOT NULL DEFAULT false,
    ADD COLUMN email_confirmed boolean NOT NULL DEFAULT false,
    ADD COLUMN generation      bigint NOT NULL DEFAULT 1,
    ADD COLUMN authtoken       bigint NOT NULL DEFAULT 1,
    ADD COLUMN deleted_at      timestamptz,
    ADD COLUMN leaving         boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT account_uuid UNIQUE (uuid),
    DROP CONSTRAINT account_named,
    ADD CONSTRAINT account_named CHECK (login IS NOT NULL OR email IS NOT NULL OR deleted_at IS NOT NULL);
CREATE INDEX account_nickname ON account ((lower (nickname) COLLATE "C"));
CREATE INDEX account_staff ON account (id) WHERE staff;
CREATE INDEX account_leaving ON account (id) WHERE leaving;

-- What a search looks through, one field a line; the database's own collation knows
-- the case of all letters.
CREATE INDEX account_search ON account USING gin ((lower ((coalesce (login, '') || E'\n' || coalesce (name, '') || E'\n'
    || coalesce (nickname, '') || E'\n' || coalesce (email, '')) COLLATE "default")) gin_trgm_ops);
