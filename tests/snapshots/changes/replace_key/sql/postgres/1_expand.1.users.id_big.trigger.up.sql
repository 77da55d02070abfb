SELECT set_config('colmig.search_path', current_setting('search_path'), true);
SELECT set_config('search_path', concat_ws(', ', 'pg_catalog', string_agg(quote_ident(s), ', ' ORDER BY n), 'pg_temp'), true)
FROM unnest(current_schemas(false)) WITH ORDINALITY AS u (s, n);
CREATE FUNCTION "users_id_big_colmig_alike"() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $colmig$
#variable_conflict use_column
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF (NEW."id_big" IS NULL) THEN
            SELECT CAST("id" AS bigint) INTO NEW."id_big" FROM (SELECT NEW.*) AS "users";
        ELSIF (true) AND (NEW."id" IS NULL OR EXISTS (SELECT FROM (SELECT NEW.*) AS "users" WHERE "id_big" IS DISTINCT FROM (CAST("id" AS bigint)))) THEN
            SELECT CAST("id_big" AS integer) INTO NEW."id" FROM (SELECT NEW.*) AS "users";
        END IF;
    ELSIF (record_image_ne(ROW(NEW."id"), ROW(OLD."id"))) THEN
        IF NOT (record_image_ne(ROW(NEW."id_big"), ROW(OLD."id_big"))) THEN
            SELECT CAST("id" AS bigint) INTO NEW."id_big" FROM (SELECT NEW.*) AS "users";
        END IF;
    ELSIF (record_image_ne(ROW(NEW."id_big"), ROW(OLD."id_big"))) AND EXISTS (SELECT FROM (SELECT NEW.*) AS "users" WHERE "id_big" IS DISTINCT FROM (CAST("id" AS bigint))) THEN
        SELECT CAST("id_big" AS integer) INTO NEW."id" FROM (SELECT NEW.*) AS "users";
    END IF;
    RETURN NEW;
END
$colmig$;
CREATE TRIGGER "zz_colmig_id_big_alike" BEFORE INSERT OR UPDATE ON "users"
FOR EACH ROW EXECUTE FUNCTION "users_id_big_colmig_alike"();
ALTER TABLE "users" ENABLE ALWAYS TRIGGER "zz_colmig_id_big_alike";
EXPLAIN UPDATE "users" SET "id_big" = CAST("id" AS bigint), "id" = CAST("id_big" AS integer) WHERE "id_big" IS DISTINCT FROM (CAST("id" AS bigint));
SELECT set_config('search_path', current_setting('colmig.search_path'), true);
