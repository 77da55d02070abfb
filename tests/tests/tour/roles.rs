//! The rights that the README lists, on a real server: they are enough, and an application with them
//! cannot move a window.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use colmig_tests::app::App;
use colmig_tests::checkout::Checkout;
use colmig_tests::database::TestDatabase;

/// On every PostgreSQL: the DDL role applies, the application's role runs release 1 for longer than a
/// heartbeat.
pub(crate) fn run(section: &str) -> Result<()> {
    let grants = section.split("```sql\n").nth(1).and_then(|rest| rest.split("\n```").next());
    let (ddl, app) = grants.and_then(|g| g.split_once("\n\n")).context("two blocks of grants")?;
    let folder = tempfile::tempdir()?;
    let checkout = Checkout::first(folder.path())?;
    let mut program = None;
    for database in TestDatabase::sorts()?.into_iter().filter(TestDatabase::is_postgres) {
        let roles = Roles::create(&database)?;
        database.execute(&roles.named(ddl))?;
        let by_ddl = database.as_role(&roles.ddl);
        if program.is_none() {
            checkout.colmig("generate", &by_ddl).run()?.expect(0)?;
            program = Some(checkout.build(&by_ddl)?);
        }
        checkout.colmig("apply", &by_ddl).run()?.expect(0)?;
        by_ddl.execute(&roles.named(app))?;
        by_ddl.execute(&roles.named("GRANT SELECT, INSERT, UPDATE ON users TO shop_app"))?;

        let program = program.as_deref().context("it was built")?;
        let running = App::start("release 1", program, &database.as_role(&roles.app))?;
        sleep(Duration::from_millis(2500));
        checkout.colmig("apply", &by_ddl).run()?.expect(0)?;
        ensure!(running.stop()?.writes > 0, "it wrote nothing");
        // The heartbeat looked for clients that never registered; where it may not, it goes on silently.
        ensure!(database.count("_colmig_watch WHERE polled_at > 0")? == 1, "nobody watched");

        let denied = database.as_role(&roles.app).execute("UPDATE _colmig_change SET ceil = 9");
        ensure!(denied.is_err(), "the application's role moved a window");
        let denied = database.as_role(&roles.app).execute("UPDATE _colmig_gate SET epoch = 9");
        ensure!(denied.is_err(), "the application's role took over the ledger");
        database.remove()?;
    }
    Ok(())
}

/// The two roles of one database. They belong to the server, which ends with the tests.
struct Roles {
    ddl: String,
    app: String,
}

impl Roles {
    fn create(database: &TestDatabase) -> Result<Roles> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let own = format!("{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
        let roles = Roles { ddl: format!("shop_ddl_{own}"), app: format!("shop_app_{own}") };
        for role in [&roles.ddl, &roles.app] {
            database.execute(&format!("CREATE ROLE {role} LOGIN"))?;
        }
        Ok(roles)
    }

    fn named(&self, sql: &str) -> String {
        sql.replace("shop_ddl", &self.ddl).replace("shop_app", &self.app)
    }
}
