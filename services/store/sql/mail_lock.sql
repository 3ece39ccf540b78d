-- Who asks for mails to one address does so one after the other, whether it is anybody's or not.
SELECT pg_advisory_xact_lock (hashtextextended ($1::text COLLATE "C", 4))
