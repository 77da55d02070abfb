CREATE TABLE main."_colmig_rebuild_users" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "email" TEXT NOT NULL,
    CONSTRAINT "named" CHECK (email <> '')
);
INSERT OR ABORT INTO main."_colmig_rebuild_users" (rowid, "id", "email") SELECT rowid, "id", "email" FROM main."users" ORDER BY rowid;
DELETE FROM main.sqlite_sequence WHERE name = '_colmig_rebuild_users';
UPDATE main."sqlite_sequence" SET name = '_colmig_rebuild_users' WHERE name = 'users';
DROP TABLE main."users";
ALTER TABLE main."_colmig_rebuild_users" RENAME TO "users";
