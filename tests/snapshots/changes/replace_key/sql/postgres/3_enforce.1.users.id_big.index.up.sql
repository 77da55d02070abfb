CREATE UNIQUE INDEX CONCURRENTLY "users_id_big_colmig_key" ON "users" ("id_big");
