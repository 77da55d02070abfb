//! PostgreSQL, live.

use std::str::FromStr;

use colmig_core::admission::Refusal;
use colmig_core::backfill::KeyColumn;
use colmig_core::catalog::{Catalog, CatalogColumn, CatalogTable, Dependant, Fate, base_type};
use colmig_core::dialect::postgres::carried::{self, Collation, LiveColumn};
use colmig_core::dialect::sqlite::rebuild::Alteration;
use colmig_core::dialect::{Dialect, for_server};
use colmig_core::gate::Session;
use colmig_core::migration::{Change, Thing};
use colmig_core::problem::{POOLER, Problem, READ_ONLY, UNREACHABLE};
use colmig_core::types::Database;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Executor, Row as _, SqlSafeStr, Statement, TypeInfo,
    ValueRef,
};

use super::types;
use super::wire::Wire;
use super::{
    Answer, DbError, Driver, OldTransaction, Presence, Row, SessionLock, Spelling, Trouble, Value,
    Work, Writer,
};
use crate::TableInfo;

/// How long a schema statement may queue for its lock. Everybody behind it waits as long, so it is
/// short, and the pauses between tries are long.
const LOCK_TIMEOUT_MS: u32 = 80;

/// The key of the advisory lock: `colmig` in ASCII.
const LOCK_KEY: i64 = 0x636f_6c6d_6967;

pub(crate) struct Postgres {
    connection: PgConnection,
    dialect: &'static dyn Dialect,
}

impl Postgres {
    pub(crate) async fn connect(url: &str, name: &str) -> crate::Result<Postgres> {
        let options = PgConnectOptions::from_str(url).map_err(|error| unreachable(&error))?;
        let connection = options
            .application_name(name)
            // A statement that waits for a lock notices that its client has died, and gives up: without
            // this, a killed ALTER stays queued, blocks everybody, and runs later.
            .options([("client_connection_check_interval", "1000"), ("timezone", "UTC")])
            .disable_statement_logging()
            .connect()
            .await
            .map_err(|error| unreachable(&error))?;
        let mut driver = Postgres::adopt(connection).await?;
        driver.refuse_pooler().await?;
        Ok(driver)
    }

    /// Takes over a connection that somebody opened.
    pub(crate) async fn adopt(mut connection: PgConnection) -> crate::Result<Postgres> {
        let version: String = sqlx::query_scalar("SHOW server_version")
            .fetch_one(&mut connection)
            .await
            .map_err(|error| unreachable(&error))?;
        let dialect = for_server(Database::Postgres, &version)?;
        Ok(Postgres { connection, dialect })
    }

    /// Two statements outside a transaction that meet two servers: a pooler in transaction mode, behind
    /// which neither session locks nor session settings hold.
    async fn refuse_pooler(&mut self) -> crate::Result<()> {
        let first = self.rows("SELECT pg_backend_pid()::bigint", &[]).await?;
        let second = self.rows("SELECT pg_backend_pid()::bigint", &[]).await?;
        if first == second {
            return Ok(());
        }
        Err(POOLER
            .problem("two statements of one connection reached two server processes")
            .help("give colmig a URL that goes straight to PostgreSQL, not through a pooler in transaction mode")
            .into())
    }

    async fn names(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<String>, DbError> {
        let rows = self.rows(sql, parameters).await?;
        Ok(rows.iter().map(|row| row[0].text().to_owned()).collect())
    }
}

/// sqlx's messages name the host and the database, never the password.
fn unreachable(error: &sqlx::Error) -> colmig_core::Problem {
    let help = match error {
        sqlx::Error::Database(inner) if inner.code().is_some_and(|code| code.starts_with("28")) => {
            "check the user and the password in the database URL"
        }
        sqlx::Error::Database(inner) if inner.code().as_deref() == Some("3D000") => {
            "create the database, or correct its name in the database URL"
        }
        sqlx::Error::Configuration(_) => {
            "the URL should read postgres://user:password@host:5432/database"
        }
        _ => "check that the server runs, and the host and port in the database URL",
    };
    UNREACHABLE.problem(format!("PostgreSQL: {}", plain(error))).help(help)
}

/// The message without sqlx's prefixes; of a broken URL only that it is broken.
fn plain(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(inner) => inner.message().to_owned(),
        sqlx::Error::Configuration(_) => "the database URL cannot be parsed".to_owned(),
        other => other.to_string(),
    }
}

fn trouble(error: &sqlx::Error) -> Trouble {
    let code = match error {
        sqlx::Error::Database(inner) => {
            inner.code().map(|code| code.into_owned()).unwrap_or_default()
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::WorkerCrashed => {
            return Trouble::Gone;
        }
        _ => return Trouble::Other,
    };
    match code.as_str() {
        "55P03" | "40P01" | "40001" => Trouble::Again,
        "23502" | "23514" => Trouble::Null,
        "42P01" => Trouble::NoTable,
        "25006" => Trouble::ReadOnly,
        "42501" => Trouble::Denied,
        "57P01" | "57P02" | "57P03" => Trouble::Gone,
        _ => Trouble::Other,
    }
}

fn fault(sql: &str, error: &sqlx::Error) -> DbError {
    DbError { trouble: trouble(error), message: plain(error), sql: sql.to_owned(), verdict: None }
}

const WIRE: Wire<sqlx::Postgres> = Wire { value, fault };

/// The driver's own queries cast to bigint, float8, text or bool, so nothing else comes here.
fn value(row: &PgRow, index: usize) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    match raw.type_info().name() {
        "INT8" => row.try_get::<i64, _>(index).map(Value::Int),
        "INT4" => row.try_get::<i32, _>(index).map(|number| Value::Int(number.into())),
        "BOOL" => row.try_get::<bool, _>(index).map(|truth| Value::Int(truth.into())),
        "FLOAT8" => row.try_get::<f64, _>(index).map(Value::Real),
        _ => row.try_get::<String, _>(index).map(Value::Text),
    }
}

/// Clients of this database that are not this connection. To a role without pg_read_all_stats the type of
/// other roles' backends is NULL: they may be clients, so they count.
const CLIENTS: &str = "pg_stat_activity a WHERE a.datname = current_database() \
    AND coalesce(a.backend_type, 'client backend') = 'client backend' AND a.usesysid IS NOT NULL \
    AND a.pid <> pg_backend_pid()";

impl Driver for Postgres {
    fn dialect(&self) -> &'static dyn Dialect {
        self.dialect
    }

    fn spelling(&self) -> &'static Spelling {
        &Spelling {
            now: "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
            key: "text",
            text: "text",
            table: "",
        }
    }

    fn gate_lock(&self, shared: bool) -> &'static str {
        if shared { " FOR SHARE" } else { " FOR UPDATE" }
    }

    fn run<'a>(&'a mut self, sql: &'a str, parameters: &'a [Value]) -> Answer<'a, u64> {
        Box::pin(async move {
            let done = WIRE.run(&mut self.connection, sql, parameters).await?;
            Ok(done.rows_affected())
        })
    }

    fn rows<'a>(&'a mut self, sql: &'a str, parameters: &'a [Value]) -> Answer<'a, Vec<Row>> {
        Box::pin(WIRE.rows(&mut self.connection, sql, parameters))
    }

    fn script<'a>(&'a mut self, sql: &'a str) -> Answer<'a, ()> {
        Box::pin(WIRE.script(&mut self.connection, sql))
    }

    fn alone<'a>(&'a mut self, sql: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.script("SET lock_timeout = 0").await?;
            self.script("SET statement_timeout = 0").await?;
            self.script(sql).await
        })
    }

    /// READ COMMITTED is named: under a stricter default the gate would count leases in an old
    /// snapshot, and the floor would rise over a live lease even with the row lock held.
    fn begin(&mut self, work: Work) -> Answer<'_, ()> {
        Box::pin(async move {
            let settings = match work {
                Work::Look | Work::Rows => {
                    "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = 0".to_owned()
                }
                Work::Batch => {
                    "SET LOCAL lock_timeout = '200ms'; SET LOCAL statement_timeout = 0".to_owned()
                }
                Work::Schema | Work::Rebuild => {
                    format!(
                        "SET LOCAL lock_timeout = '{LOCK_TIMEOUT_MS}ms'; SET LOCAL statement_timeout = '30s'"
                    )
                }
                Work::Scan => {
                    format!(
                        "SET LOCAL lock_timeout = '{LOCK_TIMEOUT_MS}ms'; SET LOCAL statement_timeout = 0"
                    )
                }
            };
            self.script(&format!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {settings}"))
                .await
        })
    }

    fn commit(&mut self) -> Answer<'_, ()> {
        self.script("COMMIT")
    }

    fn rollback(&mut self) -> Answer<'_, ()> {
        self.script("ROLLBACK")
    }

    fn try_lock(&mut self) -> Answer<'_, SessionLock> {
        Box::pin(async move {
            let rows = self.rows("SELECT pg_try_advisory_lock($1)", &[LOCK_KEY.into()]).await?;
            Ok(if rows[0][0].int() == 1 { SessionLock::Ours } else { SessionLock::Theirs })
        })
    }

    fn unlock(&mut self) -> Answer<'_, ()> {
        Box::pin(async move {
            self.rows("SELECT pg_advisory_unlock($1)", &[LOCK_KEY.into()]).await.map(|_| ())
        })
    }

    fn catalog<'a>(&'a mut self, tables: &'a [String]) -> Answer<'a, Catalog> {
        const SQL: &str = "
            SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                   a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '',
                   coalesce(array_position(k.conkey, a.attnum), 0)::bigint
            FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
            WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)
              AND c.relname::text IN (SELECT jsonb_array_elements_text($1::jsonb))
            ORDER BY c.relname, a.attnum";
        Box::pin(async move {
            let wanted = serde_json::to_string(tables).expect("a list of strings has a JSON form");
            let rows = self.rows(SQL, &[wanted.into()]).await?;
            let mut catalog = Catalog::default();
            let mut keys: Vec<(String, i64, String)> = Vec::new();
            for row in &rows {
                let (table, name) = (row[0].text().to_owned(), row[1].text().to_owned());
                if row[5].int() > 0 {
                    keys.push((table.clone(), row[5].int(), name.clone()));
                }
                catalog.tables.entry(table).or_insert_with(CatalogTable::default).columns.push(
                    CatalogColumn {
                        name,
                        sql_type: row[2].text().to_owned(),
                        not_null: row[3].int() == 1,
                        has_default: row[4].int() == 1,
                    },
                );
            }
            keys.sort();
            for (table, _, name) in keys {
                catalog.tables.entry(table).or_default().primary_key.push(name);
            }
            Ok(catalog)
        })
    }

    fn key<'a>(&'a mut self, table: &'a str) -> Answer<'a, Vec<KeyColumn>> {
        Box::pin(async move {
            let catalog = self.catalog(&[table.to_owned()]).await?;
            let Some(found) = catalog.tables.get(table) else { return Ok(Vec::new()) };
            let column = |name: &String| {
                let sql_type =
                    catalog.column(table, name).map_or(String::new(), |c| c.sql_type.clone());
                KeyColumn { name: name.clone(), sql_type }
            };
            Ok(found.primary_key.iter().map(column).collect())
        })
    }

    fn canonical_type<'a>(&'a mut self, written: &'a str) -> Answer<'a, String> {
        Box::pin(async move {
            let sql = "SELECT coalesce(format_type(to_regtype($1), NULL), $1)";
            let names = self.names(sql, &[base_type(written).into()]).await?;
            Ok(names.into_iter().next().unwrap_or_default())
        })
    }

    fn has_type<'a>(&'a mut self, name: &'a str) -> Answer<'a, Option<bool>> {
        Box::pin(async move {
            let rows =
                self.rows("SELECT to_regtype(quote_ident($1)) IS NOT NULL", &[name.into()]).await?;
            Ok(rows.first().map(|row| row[0].int() == 1))
        })
    }

    fn estimate<'a>(&'a mut self, table: &'a str) -> Answer<'a, i64> {
        Box::pin(async move {
            // As the planner does it: the density of the last ANALYZE over the pages of now.
            let rows = self
                .rows(
                    "SELECT (CASE WHEN reltuples >= 0 AND relpages > 0
                                  THEN reltuples / relpages * (pg_relation_size(oid) / current_setting('block_size')::bigint)
                                  ELSE pg_relation_size(oid) / 100 END)::bigint
                     FROM pg_class WHERE oid = to_regclass(quote_ident($1))",
                    &[table.into()],
                )
                .await?;
            Ok(rows.first().map_or(0, |row| row[0].int()))
        })
    }

    fn carried_over<'a>(&'a mut self, change: &'a Change) -> Answer<'a, Vec<String>> {
        const SQL: &str = "
            SELECT a.attname::text, format_type(a.atttypid, a.atttypmod),
                   CASE WHEN a.attcollation IN (0, t.typcollation) THEN ''
                        ELSE format('%I.%I', n.nspname, c.collname) END,
                   a.attcollation <> 0, coalesce(col_description(a.attrelid, a.attnum), ''),
                   coalesce(a.attstattarget, -1)::bigint,
                   coalesce((SELECT jsonb_agg(jsonb_build_object(
                                 'role', coalesce(quote_ident(r.rolname), 'PUBLIC'),
                                 'privilege', x.privilege_type, 'grantable', x.is_grantable))
                             FROM aclexplode(a.attacl) x LEFT JOIN pg_roles r ON r.oid = x.grantee
                             WHERE x.grantee = 0 OR r.oid IS NOT NULL), '[]')::text
            FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
            LEFT JOIN pg_collation c ON c.oid = a.attcollation LEFT JOIN pg_namespace n ON n.oid = c.collnamespace
            WHERE a.attrelid = to_regclass(quote_ident($1)) AND a.attnum > 0 AND NOT a.attisdropped
              AND a.attname::text IN (SELECT jsonb_array_elements_text($2::jsonb))";
        Box::pin(async move {
            let names: Vec<_> = change.touched().map(|column| column.name.as_str()).collect();
            let names = serde_json::to_string(&names).expect("strings have a JSON form");
            let rows = self.rows(SQL, &[change.table.as_str().into(), names.into()]).await?;
            let live: Vec<_> = rows.iter().map(live_column).collect();
            Ok(carried::statements(change, &live))
        })
    }

    /// As DROP COLUMN … RESTRICT judges it: what depends on the column in any other way than automatically or
    /// internally stands in its way. A column that is computed from this one does so in every version, though
    /// some drop it silently (by its expression since 15, by itself in 14). What colmig made for a while goes by itself. A function whose body is text depends on
    /// nothing that the catalog knows, so its text is searched.
    ///
    /// Of a column of the primary key, what takes its place also takes over the key and its numbering: they do not go,
    /// and what hangs on the key or its index stands in the way.
    fn dependants<'a>(&'a mut self, table: &'a str, column: &'a str) -> Answer<'a, Vec<Dependant>> {
        const SQL: &str = "
            WITH it AS (
                SELECT a.attrelid, a.attnum, a.attinhcount, a.attidentity, a.atthasdef, c.relkind, c.relreplident
                FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                WHERE a.attrelid = to_regclass(quote_ident($1)) AND a.attname = $2 AND NOT a.attisdropped),
            key AS (
                SELECT it.*, k.oid, k.conindid, k.condeferrable FROM it JOIN pg_constraint k ON k.conrelid = it.attrelid
                WHERE k.contype = 'p' AND it.attnum = ANY (k.conkey)),
            taken AS (
                SELECT 'pg_constraint'::regclass AS classid, oid AS objid FROM key
                UNION ALL SELECT 'pg_class'::regclass, c.oid FROM key JOIN pg_depend d ON d.refobjid = key.attrelid
                    AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid = key.attnum
                    JOIN pg_class c ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND c.relkind = 'S'),
            held AS (
                SELECT pg_describe_object(d.classid, d.objid, d.objsubid) AS what FROM key JOIN pg_depend d
                    ON d.refclassid = 'pg_class'::regclass AND d.refobjid = key.conindid AND d.deptype = 'n'
                UNION SELECT format('constraint %s on table %s', f.conname, f.conrelid::regclass)
                FROM key JOIN pg_constraint f ON f.contype = 'f' AND f.confrelid = key.attrelid
                    AND key.attnum = ANY (f.confkey)
                UNION SELECT format('the replica identity, which is index %s', key.conindid::regclass)
                FROM key WHERE key.relreplident = 'i'
                    AND EXISTS (SELECT 1 FROM pg_index i WHERE i.indexrelid = key.conindid AND i.indisreplident)
                UNION SELECT 'the partitions of the table' FROM key WHERE key.relkind = 'p'
                UNION SELECT 'the parent table, from which the column is inherited' FROM key WHERE key.attinhcount > 0
                UNION SELECT 'what is checked at the end of a transaction: the key is deferrable' FROM key
                WHERE key.condeferrable
                UNION SELECT 'its default, which is no numbering of its own' FROM key
                WHERE key.atthasdef AND pg_get_serial_sequence(quote_ident($1), $2) IS NULL),
            found AS (
                SELECT CASE WHEN r.rulename = '_RETURN' THEN pg_describe_object('pg_class'::regclass, r.ev_class, 0)
                            WHEN c.attname IS NOT NULL THEN format('generated column %s', c.attname)
                            ELSE pg_describe_object(d.classid, d.objid, d.objsubid) END AS what,
                       d.deptype <> 'n' AND (d.classid <> 'pg_class'::regclass OR d.objsubid = 0) AS goes
                FROM it JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass
                    AND d.refobjid = it.attrelid AND d.refobjsubid = it.attnum
                LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
                LEFT JOIN pg_attrdef e ON d.classid = 'pg_attrdef'::regclass AND e.oid = d.objid
                LEFT JOIN pg_attribute c ON c.attrelid = e.adrelid AND c.attnum = e.adnum
                    OR d.classid = 'pg_class'::regclass AND d.objsubid > 0
                        AND c.attrelid = d.objid AND c.attnum = d.objsubid
                WHERE (e.oid IS NULL OR e.adrelid <> it.attrelid OR e.adnum <> it.attnum)
                    AND NOT EXISTS (SELECT 1 FROM taken WHERE taken.classid = d.classid AND taken.objid = d.objid)
                    -- From 18 on NOT NULL is a constraint, and the column's own all the same.
                    AND NOT EXISTS (SELECT 1 FROM pg_constraint n WHERE d.classid = 'pg_constraint'::regclass
                        AND n.oid = d.objid AND n.contype = 'n')
                UNION ALL SELECT CASE WHEN d.classid = 'pg_rewrite'::regclass
                                      THEN pg_describe_object('pg_class'::regclass, r.ev_class, 0)
                                      ELSE pg_describe_object(d.classid, d.objid, d.objsubid) END, false
                FROM key JOIN pg_depend d ON d.refclassid = 'pg_constraint'::regclass AND d.refobjid = key.oid
                    AND d.deptype = 'n'
                LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
                UNION ALL SELECT 'the parent table, from which the column is inherited', false FROM it WHERE attinhcount > 0
                UNION ALL SELECT 'the partition key', false FROM it
                    JOIN pg_partitioned_table p ON p.partrelid = it.attrelid AND it.attnum = ANY (p.partattrs))
            SELECT what, CASE WHEN bool_or(goes) THEN 1 ELSE 0 END::bigint FROM found
            WHERE what NOT LIKE '% \\_colmig%' AND what NOT IN (SELECT what FROM held) GROUP BY what
            UNION ALL SELECT what, 2 FROM held
            UNION ALL
            SELECT format('the text of function %s', p.oid::regprocedure), 1
            FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
              AND p.proname NOT LIKE '%\\_colmig\\_alike'
              AND p.prosrc ~* ('\\m' || regexp_replace($1, '(\\W)', '\\\\\\1', 'g') || '\\M')
              AND p.prosrc ~* ('\\m' || regexp_replace($2, '(\\W)', '\\\\\\1', 'g') || '\\M')
            ORDER BY 2, 1";
        Box::pin(async move {
            let rows = self.rows(SQL, &[table.into(), column.into()]).await?;
            let fate = |number| match number {
                0 => Fate::Blocks,
                1 => Fate::Goes,
                _ => Fate::Holds,
            };
            let one =
                |row: &Row| Dependant { what: row[0].text().to_owned(), fate: fate(row[1].int()) };
            Ok(rows.iter().map(one).collect())
        })
    }

    fn live_script<'a>(&'a mut self, _: &'a str, _: &'a Alteration) -> Answer<'a, Vec<String>> {
        Box::pin(async { Err(DbError::other("PostgreSQL knows its statements in advance")) })
    }

    fn presence<'a>(&'a mut self, _: &'a str, thing: &'a Thing) -> Answer<'a, Presence> {
        const SQL: &str = "
            SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid)
                        THEN 2 WHEN i.indisvalid THEN 1 ELSE 0 END::bigint
            FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
            WHERE c.relname = $1 AND pg_table_is_visible(c.oid)";
        Box::pin(async move {
            let Thing::Index(index) = thing else { return Ok(Presence::Unknown) };
            let rows = self.rows(SQL, &[index.as_str().into()]).await?;
            Ok(match rows.first().map(|row| row[0].int()) {
                None => Presence::Missing,
                Some(2) => Presence::Building,
                Some(1) => Presence::Valid,
                Some(_) => Presence::Invalid,
            })
        })
    }

    fn check_live<'a>(&'a mut self, _: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn misfits<'a>(
        &'a mut self,
        tables: &'a [&'static TableInfo],
        catalog: &'a Catalog,
    ) -> Answer<'a, Vec<Refusal>> {
        Box::pin(async move {
            let mut found = Vec::new();
            for chunk in types::chunks(tables, catalog) {
                let sql = AssertSqlSafe(types::probe(&chunk)).into_sql_str();
                let statement =
                    (&mut self.connection).prepare(sql).await.map_err(|error| fault("", &error))?;
                for (wanted, column) in chunk.iter().zip(statement.columns()) {
                    let live = column.type_info();
                    let fits = wanted.info.types.postgres.is_none_or(|compatible| compatible(live));
                    found.extend((!fits).then(|| wanted.misfit(live.name())));
                }
            }
            Ok(found)
        })
    }

    fn writers<'a>(&'a mut self, tables: &'a [String]) -> Answer<'a, Option<Vec<Writer>>> {
        Box::pin(async move {
            let tables = serde_json::to_string(tables).expect("strings have a JSON form");
            let sql = format!(
                "SELECT a.pid::bigint, coalesce(a.application_name, ''), coalesce(a.usename::text, ''),
                        coalesce((extract(epoch FROM greatest(a.query_start, a.backend_start)) * 1000)::bigint, {})
                 FROM {CLIENTS} AND a.application_name NOT LIKE 'colmig-%'
                   AND EXISTS (SELECT 1 FROM jsonb_array_elements_text($1::jsonb) t
                               WHERE to_regclass(quote_ident(t)) IS NOT NULL
                                 AND has_table_privilege(a.usesysid, to_regclass(quote_ident(t))::oid,
                                                         'INSERT, UPDATE, DELETE'))
                 ORDER BY 1",
                i64::MAX
            );
            let rows = self.rows(&sql, &[tables.into()]).await?;
            let writer = |row: &Row| Writer { session: session(row), active_at: row[3].int() };
            Ok(Some(rows.iter().map(writer).collect()))
        })
    }

    fn open_transactions(&mut self) -> Answer<'_, Vec<OldTransaction>> {
        Box::pin(async move {
            // Every transaction holds a lock on its own virtual id, as CREATE INDEX CONCURRENTLY knows.
            let rows = self
                .rows(
                    "SELECT a.pid::bigint, coalesce(a.application_name, ''), coalesce(a.usename::text, ''), l.virtualxid
                     FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
                     WHERE l.locktype = 'virtualxid' AND l.granted AND a.datname = current_database()
                       AND coalesce(a.backend_type, 'client backend') = 'client backend' AND a.pid <> pg_backend_pid()",
                    &[],
                )
                .await?;
            let old =
                |row: &Row| OldTransaction { id: row[3].text().to_owned(), session: session(row) };
            Ok(rows.iter().map(old).collect())
        })
    }

    /// A role that may not end a session leaves it, and it is named.
    fn end_sessions_except<'a>(
        &'a mut self,
        instances: &'a [String],
        before: i64,
    ) -> Answer<'a, Vec<Session>> {
        Box::pin(async move {
            let live = serde_json::to_string(instances).expect("strings have a JSON form");
            let sql = format!(
                "SELECT a.pid::bigint, coalesce(a.application_name, ''), coalesce(a.usename::text, ''),
                        CASE WHEN pg_has_role(a.usesysid, 'MEMBER') OR pg_has_role('pg_signal_backend', 'MEMBER')
                             THEN pg_terminate_backend(a.pid) END
                 FROM {CLIENTS} AND a.application_name LIKE 'colmig:%'
                   AND coalesce(extract(epoch FROM a.backend_start) * 1000 < $2, true)
                   AND split_part(split_part(a.application_name, ':', 2), ' ', 1)
                       NOT IN (SELECT jsonb_array_elements_text($1::jsonb))"
            );
            let rows = self.rows(&sql, &[live.into(), before.into()]).await?;
            Ok(rows.iter().map(session).collect())
        })
    }

    fn obstacle<'a>(&'a mut self, _tables: &'a [String]) -> Answer<'a, Option<Problem>> {
        Box::pin(async move {
            let rows = self.rows("SELECT pg_is_in_recovery()::int::bigint", &[]).await?;
            let is_replica = rows.first().is_some_and(|row| row[0].int() == 1);
            Ok(is_replica.then(|| {
                READ_ONLY
                    .problem("this server is a replica, and only reads")
                    .help("give colmig the URL of its primary")
            }))
        })
    }

    fn server(&mut self) -> Answer<'_, Option<(i64, String)>> {
        Box::pin(async move {
            let rows = self
                .rows(
                    "SELECT (extract(epoch FROM pg_postmaster_start_time()) * 1000)::bigint,
                            CASE WHEN pg_is_in_recovery() THEN '' ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END",
                    &[],
                )
                .await?;
            Ok(rows.first().map(|row| (row[0].int(), row[1].text().to_owned())))
        })
    }

    /// A standby replays in the order of the log, whatever it is told.
    fn no_replica<'a>(&'a mut self, _primary: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(async move {
            let rows = self.rows("SELECT pg_is_in_recovery()", &[]).await?;
            let replays = rows.first().is_some_and(|row| row[0] == Value::Int(1));
            Ok((!replays).then(|| "it is not in recovery: it replays nobody".to_owned()))
        })
    }

    fn lock_holders<'a>(&'a mut self, table: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(async move {
            self.names(
                "SELECT DISTINCT format('pid %s, application_name `%s`, role `%s`, %s%s', a.pid, a.application_name,
                               a.usename, a.state,
                               CASE WHEN a.xact_start IS NULL THEN '' ELSE format(', transaction open for %s s',
                                    round(extract(epoch FROM clock_timestamp() - a.xact_start)::numeric, 1)) END)
                 FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
                 WHERE l.relation = to_regclass(quote_ident($1)) AND l.granted AND a.pid <> pg_backend_pid()",
                &[table.into()],
            )
            .await
        })
    }
}

fn session(row: &Row) -> Session {
    Session {
        pid: row[0].int(),
        application: row[1].text().to_owned(),
        role: row[2].text().to_owned(),
        node: String::new(),
    }
}

fn live_column(row: &Row) -> LiveColumn {
    let collation = match (row[3].int(), row[2].text()) {
        (0, _) => Collation::None,
        (_, "") => Collation::OfItsType,
        (_, name) => Collation::Named(name.to_owned()),
    };
    LiveColumn {
        name: row[0].text().to_owned(),
        sql_type: row[1].text().to_owned(),
        collation,
        comment: row[4].text().to_owned(),
        statistics: Some(row[5].int()).filter(|target| *target >= 0),
        grants: serde_json::from_str(row[6].text()).unwrap_or_default(),
    }
}
