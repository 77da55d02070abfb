CREATE TABLE main."_colmig_rebuild_order" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "User" TEXT NOT NULL
, "a ""quoted"" name" TEXT NOT NULL);
INSERT OR ABORT INTO main."_colmig_rebuild_order" (rowid, "id", "User", "a ""quoted"" name") SELECT rowid, "id", "User", "a ""quoted"" name" FROM main."order" ORDER BY rowid;
DELETE FROM main.sqlite_sequence WHERE name = '_colmig_rebuild_order';
UPDATE main."sqlite_sequence" SET name = '_colmig_rebuild_order' WHERE name = 'order';
DROP TABLE main."order";
ALTER TABLE main."_colmig_rebuild_order" RENAME TO "order";
