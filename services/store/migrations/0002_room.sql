-- Rooms, members and the append-only table of items.
--
-- Every writer of a room takes the row lock of `room` first.  That lock is
-- why item, member and read_position need no foreign key to room: a check per
-- row would cost more than the insert, and would prove what the lock proves.
-- A deleted room leaves its id in room_trash, and what it held is removed in
-- bounded steps afterwards.

CREATE TABLE room (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid       uuid NOT NULL DEFAULT gen_random_uuid () UNIQUE,
    address    text COLLATE "C" UNIQUE,
    kind       smallint NOT NULL CHECK (kind BETWEEN 1 AND 3),
    dialect    text,
    name       text,
    topic      text,
    created_by bigint NOT NULL REFERENCES account,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp (),
    floor      bigint NOT NULL DEFAULT 0 CHECK (floor >= 0),
    epoch      bigint NOT NULL DEFAULT 1 CHECK (epoch > 0),
    direct_key text COLLATE "C" UNIQUE,
    CONSTRAINT room_direct CHECK ((kind = 3) = (direct_key IS NOT NULL))
);
CREATE INDEX room_public ON room (id) WHERE kind = 1;

CREATE TABLE member (
    room       bigint NOT NULL,
    account    bigint NOT NULL REFERENCES account,
    role       smallint NOT NULL CHECK (role BETWEEN 1 AND 4),
    joined_at  timestamptz NOT NULL,
    joined_seq bigint NOT NULL,
    PRIMARY KEY (room, account)
);
CREATE INDEX member_account ON member (account, room);
CREATE INDEX member_owner ON member (room) WHERE role = 4;

-- Each value opens a block of 512 ids: value .. value + 511.
CREATE SEQUENCE item_id AS bigint INCREMENT BY 512 MINVALUE 1 MAXVALUE 9223372036854775000 NO CYCLE;

-- Fixed-width columns first, so that no row pays for alignment.
CREATE TABLE item (
    room       bigint NOT NULL,
    seq        bigint NOT NULL CHECK (seq > 0),
    id         bigint NOT NULL,
    created_at timestamptz NOT NULL,
    sender     bigint NOT NULL,
    reply_to   bigint,
    account    bigint,
    kind       smallint NOT NULL,
    what       smallint,
    role       smallint,
    send_id    text COLLATE "C",
    body       text,
    CONSTRAINT item_shape CHECK (CASE kind WHEN 1 THEN body IS NOT NULL AND send_id IS NOT NULL
                                           WHEN 2 THEN account IS NOT NULL AND what IS NOT NULL
                                           ELSE false END),
    PRIMARY KEY (room, seq),
    CONSTRAINT item_send UNIQUE (room, sender, send_id)
);

CREATE TABLE read_position (
    room    bigint NOT NULL,
    account bigint NOT NULL,
    seq     bigint NOT NULL CHECK (seq >= 0),
    PRIMARY KEY (room, account)
);

CREATE TABLE room_trash (
    room       bigint PRIMARY KEY,
    deleted_at timestamptz NOT NULL DEFAULT clock_timestamp ()
);
