-- Files, uploads, and where files were posted.  Bytes lie with parley-drive; a row here is what
-- makes them a file.
--
-- Whoever changes files or uploads of an account holds the lock of its row, then that of the upload,
-- then that of the blob.  Whoever posts a file locks it as a foreign key does.

-- Bytes that a backend has.  `refs`: files that consist of them.  With the last of those a blob is
-- doomed for good: the same content makes another row with another name.  `sweep_at`: doomed, and
-- when it is to be handed out for removal.
CREATE TABLE blob (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    size     bigint NOT NULL CHECK (size >= 0),
    refs     bigint NOT NULL,
    sweep_at timestamptz,
    name     text COLLATE "C" NOT NULL UNIQUE,
    sha256   bytea NOT NULL,
    CONSTRAINT blob_refs CHECK (CASE WHEN sweep_at IS NULL THEN refs > 0 ELSE refs = 0 END)
);
CREATE UNIQUE INDEX blob_content ON blob (sha256) WHERE sweep_at IS NULL;
CREATE INDEX blob_sweep ON blob (sweep_at) WHERE sweep_at IS NOT NULL;

-- `purpose`: 1 a file, 2 the picture of its owner, which has no other name than its uuid.
CREATE TABLE file (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner      bigint NOT NULL REFERENCES account,
    blob       bigint NOT NULL REFERENCES blob,
    size       bigint NOT NULL CHECK (size >= 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp (),
    purpose    smallint NOT NULL CHECK (purpose BETWEEN 1 AND 2),
    uuid       uuid NOT NULL DEFAULT gen_random_uuid () UNIQUE,
    name       text NOT NULL,
    type       text COLLATE "C" NOT NULL
);
CREATE INDEX file_owner ON file (owner, purpose, id);
CREATE INDEX file_blob ON file (blob);

-- Ids are random: a backend keeps bytes under them, and a database restored from a backup must not
-- give one twice.  `file`: complete; the row stays to be asked for until it expires.
CREATE TABLE upload (
    id         bigint PRIMARY KEY DEFAULT
               (('x' || replace (left (gen_random_uuid ()::text, 18), '-', ''))::bit (64)::bigint & 9223372036854775807),
    owner      bigint NOT NULL REFERENCES account,
    length     bigint CHECK (length >= 0),
    file       bigint REFERENCES file ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp (),
    expires_at timestamptz NOT NULL,
    sweep_at   timestamptz,
    purpose    smallint NOT NULL CHECK (purpose BETWEEN 1 AND 2),
    name       text NOT NULL
);
CREATE INDEX upload_owner ON upload (owner) WHERE file IS NULL AND sweep_at IS NULL;
CREATE INDEX upload_file ON upload (file) WHERE file IS NOT NULL;
CREATE INDEX upload_expires ON upload (expires_at) WHERE sweep_at IS NULL;
CREATE INDEX upload_sweep ON upload (sweep_at) WHERE sweep_at IS NOT NULL;

-- Where a file was posted, and where last: one row for a room, however often it was.  Like an item
-- it needs no foreign key to its room.
CREATE TABLE attachment (
    file bigint NOT NULL REFERENCES file ON DELETE CASCADE,
    room bigint NOT NULL,
    seq  bigint NOT NULL,
    PRIMARY KEY (file, room)
);
CREATE INDEX attachment_room ON attachment (room);

-- What the files of a message were when it was posted: a message of the type `attachments`.
ALTER TABLE item ADD COLUMN attachments bytea;

-- `drive_used`: bytes of files, and promised to uploads under way; `drive_files`: files, the picture
-- among them.
ALTER TABLE account
    ADD COLUMN avatar      uuid REFERENCES file (uuid),
    ADD COLUMN drive_used  bigint NOT NULL DEFAULT 0,
    ADD COLUMN drive_files bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT account_drive CHECK (drive_used >= 0 AND drive_files >= 0);
CREATE INDEX account_drive_left ON account (id) WHERE deleted_at IS NOT NULL AND drive_files > 0;
CREATE INDEX account_avatar ON account (avatar) WHERE avatar IS NOT NULL;
