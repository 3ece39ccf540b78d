-- What no longer counts, for those who ask again and again what has been added; and
-- what was done to accounts, for people.  Both are written in the transaction of the change.

-- Either `session`: that credential; or `generation`: all of the account that were judged under
-- an earlier one, but `spared`.  By xid, since rows do not become visible in the order of their ids.
CREATE TABLE revocation (
    id         bigint GENERATED ALWAYS AS IDENTITY,
    xid        xid8 NOT NULL DEFAULT pg_current_xact_id (),
    account    bigint NOT NULL,
    session    bigint,
    generation bigint,
    spared     bigint,
    at         timestamptz NOT NULL DEFAULT clock_timestamp (),
    PRIMARY KEY (xid, id),
    CONSTRAINT revocation_shape CHECK ((session IS NULL) <> (generation IS NULL))
);
CREATE INDEX revocation_at ON revocation (at);

-- What was typed is never in here.  Entries of refused sign-ins (what = 3) come from
-- auth, perhaps twice.
CREATE TABLE audit (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp (),
    what    smallint NOT NULL,
    account bigint,
    by      bigint,
    session bigint,
    address text,
    trace   text
);
CREATE INDEX audit_account ON audit (account, id);
CREATE INDEX audit_at ON audit (at);
CREATE UNIQUE INDEX audit_refused ON audit (at, (coalesce (trace, '')), (coalesce (address, ''))) WHERE what = 3;
