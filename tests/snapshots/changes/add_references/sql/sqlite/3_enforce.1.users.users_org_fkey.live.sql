CREATE TABLE main."_colmig_rebuild_users" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "email" TEXT NOT NULL,
    "org" INTEGER NOT NULL,
    CONSTRAINT "users_org_fkey" FOREIGN KEY ("org") REFERENCES "orgs" ("id") ON DELETE CASCADE
);
INSERT OR ABORT INTO main."_colmig_rebuild_users" (rowid, "id", "email", "org") SELECT rowid, "id", "email", "org" FROM main."users" ORDER BY rowid;
DELETE FROM main.sqlite_sequence WHERE name = '_colmig_rebuild_users';
UPDATE main."sqlite_sequence" SET name = '_colmig_rebuild_users' WHERE name = 'users';
DROP TABLE main."users";
ALTER TABLE main."_colmig_rebuild_users" RENAME TO "users";
