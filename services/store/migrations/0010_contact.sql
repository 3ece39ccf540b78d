-- Who asked whom to be friends, and since when they are: one row for two accounts, whoever
-- asked first.

CREATE TABLE contact (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asker       bigint NOT NULL REFERENCES account,
    asked       bigint NOT NULL REFERENCES account,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp (),
    accepted_at timestamptz,
    CONSTRAINT contact_two CHECK (asker <> asked)
);
CREATE UNIQUE INDEX contact_pair ON contact (LEAST (asker, asked), GREATEST (asker, asked));
CREATE INDEX contact_asker ON contact (asker, id);
CREATE INDEX contact_asked ON contact (asked, id);
