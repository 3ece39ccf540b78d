DELETE FROM blob b WHERE b.name = ANY ($1::text[]) AND b.sweep_at IS NOT NULL
