//! What commands begin with: the project, and for those that work on a database, all that is recorded.

use colmig_core::lock::Lock;
use colmig_core::migration::Migration;

use crate::cli::Globals;
use crate::config::{Choice, Config, Environment};
use crate::project::Project;
use crate::record::Record;
use crate::report::Result;
use crate::terminal::Terminal;
use crate::workspace::{Package, Workspace};

/// A project that has been set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The workspace around it.
    pub workspace: Workspace,
    /// Its places.
    pub project: Project,
    /// Its colmig.toml.
    pub config: Config,
}

impl Setup {
    /// Finds the project and reads its configuration.
    pub fn load(globals: &Globals) -> Result<Setup> {
        let workspace = Workspace::load(globals)?;
        let project = Project::find(&workspace, globals)?;
        let config = Config::read(&project.config)?;
        Ok(Setup { workspace, project, config })
    }

    /// The packages whose source is read.
    pub fn packages(&self) -> Result<Vec<&Package>> {
        Ok(self.project.packages(&self.workspace, self.config.packages.as_deref())?)
    }
}

/// A project with everything that is recorded, checked: colmig.lock is there, and the directories of the
/// migrations are what it says.
#[derive(Clone, Debug)]
pub struct Context {
    /// Its places.
    pub project: Project,
    /// Its colmig.toml.
    pub config: Config,
    /// Its colmig.lock.
    pub lock: Lock,
    /// Its migrations, in the order of their chain.
    pub migrations: Vec<Migration>,
    /// What the command line says of every command.
    pub globals: Globals,
    /// Where to tell what is done.
    pub terminal: Terminal,
}

impl Context {
    /// Reads it all.
    pub fn load(globals: &Globals, terminal: Terminal) -> Result<Context> {
        let Setup { project, config, .. } = Setup::load(globals)?;
        let (lock, migrations) = Record::read(&project)?.agreed()?;
        Ok(Context { project, config, lock, migrations, globals: globals.clone(), terminal })
    }

    /// The environment that the command line means.
    pub fn environment(&self) -> Result<Environment> {
        let choice = Choice {
            env: self.globals.env.as_deref(),
            url: self.globals.database_url.as_ref(),
            targets: &self.globals.targets,
            except: &self.globals.except,
        };
        Ok(self.config.environment(choice, |name| std::env::var(name).ok())?)
    }
}
