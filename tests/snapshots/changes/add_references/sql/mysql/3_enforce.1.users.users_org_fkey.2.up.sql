-- Fails where a row has no parent: a subquery of two rows is no value.
SELECT CASE WHEN EXISTS (SELECT 1 FROM "users" AS child WHERE child."org" IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM "orgs" AS parent WHERE parent."id" = child."org"))
  THEN (SELECT 1 UNION ALL SELECT 2) ELSE 1 END;
