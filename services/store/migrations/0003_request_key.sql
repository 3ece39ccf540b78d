-- Answers of mutating requests, kept so that a repeated request gets the first
-- answer.  Written in the transaction of the mutation itself; caller 0 is
-- nobody in particular.

CREATE TABLE request_key (
    caller  bigint NOT NULL,
    key     text COLLATE "C" NOT NULL,
    opcode  integer NOT NULL,
    hash    bytea NOT NULL,
    reply   bytea NOT NULL DEFAULT '',
    expires timestamptz NOT NULL,
    PRIMARY KEY (caller, key, opcode)
);
CREATE INDEX request_key_expires ON request_key (expires);
