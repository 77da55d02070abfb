SELECT set_config('colmig.search_path', current_setting('search_path'), true);
SELECT set_config('search_path', concat_ws(', ', 'pg_catalog', string_agg(quote_ident(s), ', ' ORDER BY n), 'pg_temp'), true)
FROM unnest(current_schemas(false)) WITH ORDINALITY AS u (s, n);
CREATE FUNCTION "users_full_name_colmig_alike"() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $colmig$
#variable_conflict use_column
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF (NEW."full_name" IS NULL) THEN
            SELECT CAST(name AS text) INTO NEW."full_name" FROM (SELECT NEW.*) AS "users";
        ELSIF (NEW."name" IS NULL) AND (NEW."name" IS NULL OR EXISTS (SELECT FROM (SELECT NEW.*) AS "users" WHERE "full_name" IS DISTINCT FROM (CAST(name AS text)))) THEN
            SELECT CAST(full_name AS text) INTO NEW."name" FROM (SELECT NEW.*) AS "users";
        END IF;
    ELSIF (record_image_ne(ROW(NEW."name"), ROW(OLD."name"))) THEN
        IF NOT (record_image_ne(ROW(NEW."full_name"), ROW(OLD."full_name"))) THEN
            SELECT CAST(name AS text) INTO NEW."full_name" FROM (SELECT NEW.*) AS "users";
        END IF;
    ELSIF (record_image_ne(ROW(NEW."full_name"), ROW(OLD."full_name"))) AND EXISTS (SELECT FROM (SELECT NEW.*) AS "users" WHERE "full_name" IS DISTINCT FROM (CAST(name AS text))) THEN
        SELECT CAST(full_name AS text) INTO NEW."name" FROM (SELECT NEW.*) AS "users";
    END IF;
    RETURN NEW;
END
$colmig$;
CREATE TRIGGER "zz_colmig_full_name_alike" BEFORE INSERT OR UPDATE ON "users"
FOR EACH ROW EXECUTE FUNCTION "users_full_name_colmig_alike"();
ALTER TABLE "users" ENABLE ALWAYS TRIGGER "zz_colmig_full_name_alike";
EXPLAIN UPDATE "users" SET "full_name" = CAST(name AS text), "name" = CAST(full_name AS text) WHERE "full_name" IS DISTINCT FROM (CAST(name AS text));
SELECT set_config('search_path', current_setting('colmig.search_path'), true);
