//! What is looked at before anything is changed: the catalog, the rows that are there, what would be dropped, whose
//! tables stand there.
//!
//! Which questions there are, and their SQL, is data of `colmig_core::preflight`; here they are asked, in transactions
//! that are rolled back and hold nothing that a reader does not. A row may become bad behind them: the backfill
//! verifies what it did.

use colmig_core::advance::{Next, next};
use colmig_core::catalog::CatalogTable;
use colmig_core::dialect::made_index;
use colmig_core::migration::{Change, Thing};
use colmig_core::preflight::{Answer, Question, questions, together};
use colmig_core::problem::{DRIFT, Problem};
use colmig_core::protocol::Act;
use colmig_core::schema::{Column, Guard};

use super::advance::Target;
use super::ask::answers;
use super::ground::{not_ours, type_not_ours};
use super::script::LockWait;
use super::{Event, Migrator, Wait};
use crate::Result;
use crate::driver::{Presence, Trouble, ledger};

/// A table with more rows than that is read for long enough to say so.
const LARGE: i64 = 200_000;

impl Migrator {
    /// Asks before the first step of a change, and at once for every other change of its migration that can begin
    /// now: if one of them cannot go through, none of them has begun.
    pub(super) async fn ask_first(&mut self, index: usize, target: Option<&Target>) -> Result<()> {
        if !self.unasked(index) {
            return Ok(());
        }
        let migration = self.rows[index].migration.clone();
        let beginning: Vec<_> = (0..self.rows.len())
            .filter(|other| self.rows[*other].migration == migration && self.unasked(*other))
            .filter(|other| self.wanted(*other, target))
            .filter(|other| next(&self.rows, *other, &self.options.checkout) == Next::Step)
            .collect();
        let dialect = self.driver.dialect();
        let refusal = beginning.iter().find_map(|index| dialect.refusal(&self.rows[*index].change));
        if let Some(problem) = refusal {
            return Err(problem.into());
        }
        for index in &beginning {
            if let Some(act) = self.rows[*index].next().map(|step| step.act) {
                self.preflight(*index, act).await?;
            }
        }
        let mut problems = Vec::new();
        for index in &beginning {
            problems.extend(self.ask_rows(*index).await?);
        }
        if let Some(problem) = together(&migration, problems) {
            return Err(problem.into());
        }
        let ids = beginning.iter().map(|index| self.rows[*index].change.id.clone());
        self.asked.extend(ids);
        Ok(())
    }

    /// Whether a change has not begun, nor been asked in this run.
    fn unasked(&self, index: usize) -> bool {
        let row = &self.rows[index];
        row.is_untouched() && !self.asked.contains(&row.change.id)
    }

    /// What the rows have against a change that has begun.
    pub(super) async fn rows_in_the_way(&mut self, index: usize) -> Result<Option<Problem>> {
        let problems = self.ask_rows(index).await?;
        Ok(together(&self.rows[index].migration, problems))
    }

    /// What the rows say of one change.
    async fn ask_rows(&mut self, index: usize) -> Result<Vec<Problem>> {
        let row = self.rows[index].clone();
        let change = &row.change;
        let others = || self.rows.iter().filter(|row| row.change.id != change.id);
        let mut questions = questions(change, self.database());
        questions.retain(|question| !others().any(|other| question.rests_on(other)));
        if !questions.is_empty() {
            let rows = self.driver.estimate(&change.table).await?;
            if rows > LARGE {
                self.tell(Event::Asking { change: change.title(), rows });
            }
        }
        let problem = if row.started() { Question::late } else { Question::problem };
        self.ask_for(&questions, problem).await
    }

    /// What the rows have to say against these questions. Nothing is changed, nobody is kept from working, and
    /// colmig need not know the database.
    pub async fn ask(&mut self, questions: &[Question]) -> Result<Vec<Problem>> {
        self.ask_for(questions, Question::problem).await
    }

    async fn ask_for(
        &mut self,
        questions: &[Question],
        problem: fn(&Question, &Answer) -> Problem,
    ) -> Result<Vec<Problem>> {
        let mut problems: Vec<Problem> = Vec::new();
        for question in questions {
            if !question.is_moot(&problems) {
                let answers = self.answers(question).await?;
                problems.extend(answers.iter().map(|answer| problem(question, answer)));
            }
        }
        Ok(problems)
    }

    /// What the rows say to one question; a lock on the table is waited for.
    async fn answers(&mut self, question: &Question) -> Result<Vec<Answer>> {
        let mut locked = LockWait::new();
        loop {
            self.stopped()?;
            match answers(self.driver.as_mut(), question).await {
                Err(error) if matches!(error.trouble, Trouble::Again | Trouble::Lost) => {
                    self.wait_for_lock(&question.table, &mut locked).await?;
                }
                other => return Ok(other?),
            }
        }
    }

    /// A step looks at the real catalog (rule R19): what stands there and is not ours is named before
    /// anything is changed.
    pub(super) async fn preflight(&mut self, index: usize, act: Act) -> Result<()> {
        let change = self.rows[index].change.clone();
        if change.enumeration.is_some() {
            return self.preflight_of_type(index, act).await;
        }
        let catalog = self.driver.catalog(std::slice::from_ref(&change.table)).await?;
        let table = catalog.tables.get(&change.table);
        let drift = |what: String| DRIFT.problem(what).at(change.title());
        let is_there = |column: &&Column| catalog.column(&change.table, &column.name).is_some();
        let found = change.targets(act).iter().find(is_there);
        let missing = change.targets(act).iter().find(|column| !is_there(column));
        let name = |column: &Column| format!("{}.{}", change.table, column.name);
        if let Some(name) = self.index_in_the_way(index, act).await? {
            return Err(drift(format!("an index or constraint `{name}` exists already, and colmig did not make it"))
                .help("drop it if it is a leftover, or give yours another name and `cargo colmig generate --amend`")
                .into());
        }
        if let (Act::Add | Act::Drop, false, Some(table)) = (act, change.key.is_empty(), table) {
            self.preflight_of_key(&change, act, table).await?;
        }
        match (act, table, found, missing) {
            (Act::CreateTable, Some(_), ..) => Err(not_ours(&change).into()),
            (Act::CreateTable, None, ..) => Ok(()),
            (_, None, ..) => Err(drift(format!("the table `{}` is gone", change.table))
                .help("it was dropped or renamed by hand: bring it back, and apply again")
                .into()),
            (Act::Add, Some(_), Some(column), _) => {
                Err(drift(format!("the column `{}` exists already, and colmig did not add it", name(column)))
                    .help("drop it if it is a leftover, or choose another name and `cargo colmig generate --amend`")
                    .into())
            }
            (Act::Trigger | Act::Drop | Act::Relax | Act::Enforce, Some(_), _, Some(column)) => {
                Err(drift(format!("the column `{}` is gone", name(column)))
                    .help("it was dropped or renamed by hand: bring it back, and apply again")
                    .into())
            }
            (Act::Add, Some(_), ..) if change.has(Act::Backfill) => {
                // Found now, while nothing has been changed.
                self.fill_of(index, false).await.map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// A key whose place another one takes is the one that was recorded, numbered if it was; and before the old one
    /// goes, the new one has its index.
    async fn preflight_of_key(
        &mut self,
        change: &Change,
        act: Act,
        table: &CatalogTable,
    ) -> Result<()> {
        let drift = |what: String| DRIFT.problem(what).at(change.title());
        let former = change.former_key();
        if table.primary_key != former {
            let (is, was) = (table.primary_key.join(", "), former.join(", "));
            return Err(drift(format!(
                "the primary key of `{}` is ({is}), and was recorded as ({was})",
                change.table
            ))
            .help("it was changed by hand: bring it back, and apply again")
            .into());
        }
        let is_numbered = |old: &&Column| {
            table.columns.iter().any(|column| column.name == old.name && column.has_default)
        };
        if let Some(old) =
            change.replaced.iter().filter(|old| old.auto).find(|old| !is_numbered(old))
        {
            return Err(drift(format!("nothing numbers `{}.{}` any more", change.table, old.name))
                .help("it was changed by hand: make it an identity again, and apply again")
                .into());
        }
        let index = made_index(change).unwrap_or_default();
        if act == Act::Drop
            && self.driver.presence(&change.table, &Thing::Index(index.clone())).await?
                != Presence::Valid
        {
            return Err(drift(format!("the index `{index}` is gone, and the new key needs it"))
                .help(format!("it was dropped by hand: `cargo colmig rollback --to {}:enforce`, and apply again", change.subject()))
                .into());
        }
        Ok(())
    }

    /// The same for an enum type, where the database has such types.
    async fn preflight_of_type(&mut self, index: usize, act: Act) -> Result<()> {
        let change = self.rows[index].change.clone();
        match (act, self.driver.has_type(&change.table).await?) {
            (Act::CreateType, Some(true)) => return Err(type_not_ours(&change).into()),
            (Act::CreateType, _) | (_, None | Some(true)) => {}
            (_, Some(false)) => {
                return Err(DRIFT
                    .problem(format!("the type `{}` is gone", change.table))
                    .at(change.title())
                    .help("it was dropped or renamed by hand: bring it back, and apply again")
                    .into());
            }
        }
        if change.acts().any(|act| matches!(act, Act::Backfill | Act::Relax)) {
            // A table without a key is found now, while nothing has been changed.
            self.fills_of(index, false).await?;
        }
        Ok(())
    }

    /// The index that a step is about to make, where one of that name is there that this step did not begin.
    async fn index_in_the_way(&mut self, index: usize, act: Act) -> Result<Option<String>> {
        let row = &self.rows[index];
        let unique = row.change.constraint.as_ref();
        let unique = unique.filter(|one| matches!(one.guard, Guard::Unique { .. }));
        let name = match act {
            Act::Index => made_index(&row.change),
            Act::Enforce => unique.map(|one| one.name.clone()),
            _ => None,
        };
        let table = row.change.table.clone();
        let Some(name) = name.filter(|_| !row.is_half_way()) else { return Ok(None) };
        let is_there = self.driver.presence(&table, &Thing::Index(name.clone())).await?;
        let is_there = is_there != Presence::Missing;
        Ok(is_there.then_some(name))
    }

    /// A drop has consent by name; of an empty table it needs none.
    pub(super) async fn consent(&mut self, index: usize) -> Result<Option<Wait>> {
        let change = self.rows[index].change.clone();
        if ledger::is_empty(self.driver.as_mut(), &change.table).await? {
            return Ok(None);
        }
        if change.definition.is_some() && !self.options.allow_drop.contains(&change.table) {
            let (subject, dependants) = (change.table, Vec::new());
            return Ok(Some(Wait::Consent { subject, dependants }));
        }
        for column in change.dropped() {
            let subject = format!("{}.{}", change.table, column.name);
            if !self.options.allow_drop.contains(&subject) {
                let dependants = self.companions(&change, column).await?;
                return Ok(Some(Wait::Consent { subject, dependants }));
            }
        }
        Ok(None)
    }
}
