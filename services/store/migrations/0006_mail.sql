-- Mails, which are their own outbox.  No secret is kept: the key in a mail is made from
-- its id, which is random so that no database restored from a backup gives it twice.
-- Without an account nothing is sent: nobody has the address, or too much was asked for.

CREATE TABLE mail (
    id          bigint PRIMARY KEY DEFAULT
                (('x' || replace (left (gen_random_uuid ()::text, 18), '-', ''))::bit (64)::bigint & 9223372036854775807),
    kind        smallint NOT NULL CHECK (kind BETWEEN 1 AND 2),
    account     bigint REFERENCES account ON DELETE CASCADE,
    email       text COLLATE "C" NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp (),
    expires_at  timestamptz NOT NULL,
    lease_until timestamptz NOT NULL DEFAULT clock_timestamp (),
    tries       integer NOT NULL DEFAULT 0,
    sent_at     timestamptz,
    failed_at   timestamptz,
    used_at     timestamptz,
    address     text
);
CREATE INDEX mail_account ON mail (account) WHERE account IS NOT NULL;
CREATE INDEX mail_limit ON mail (email, kind, created_at) WHERE account IS NOT NULL;
CREATE INDEX mail_waiting ON mail (lease_until)
 WHERE account IS NOT NULL AND sent_at IS NULL AND failed_at IS NULL AND used_at IS NULL;
CREATE INDEX mail_expires ON mail (expires_at);
