//! A command's work on the several targets of an environment: each has its own connection, and a bounded number are
//! worked on at a time.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use colmig::migrator::{Migrator, Options};
use colmig_core::shards::{Board, worst};
use tokio::runtime::Runtime;

use crate::config::Target;
use crate::context::Context;
use crate::progress::{Progress, Told};
use crate::report::{Failure, Report, Result};
use crate::session::{Consent, failure, options, pause, replicas, runtime, until_done};
use crate::terminal::Terminal;

/// A connection that nobody used for so long may have been cut by what stands between: a new one is made.
const IDLE: Duration = Duration::from_secs(30);

/// The targets of the command, and what drives them.
pub struct Sessions {
    /// The targets, in the order of their names.
    pub members: Vec<Member>,
    /// Set when the user wants to stop.
    pub stop: Arc<AtomicBool>,
    parallel: usize,
    runtime: Runtime,
}

/// One target.
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where to tell what is done to it.
    pub terminal: Terminal,
    target: Target,
    options: Options,
    told: Told,
    board: Option<SharedBoard>,
    connection: Option<(Migrator, Instant)>,
}

/// Where the targets of a run stand, as their appliers ask before each step.
pub type SharedBoard = Arc<std::sync::Mutex<Board>>;

/// What work on some targets came to, in their order.
pub type Outcomes<T> = Vec<(usize, Result<T>)>;

impl Sessions {
    /// The targets that the command line means. Nobody is connected to yet.
    pub fn of(context: &Context, consent: &Consent) -> Result<Sessions> {
        let environment = context.environment()?;
        let stop = Arc::new(AtomicBool::new(false));
        let options = options(context, &environment, consent, &stop);
        let told = Told::default();
        let member = |target: &Target| Member {
            name: target.name.clone(),
            terminal: match environment.has_many() {
                true => context.terminal.of_target(&target.name),
                false => context.terminal,
            },
            target: target.clone(),
            options: Options { replicas: replicas(target), ..options.clone() },
            told: told.clone(),
            board: None,
            connection: None,
        };
        Ok(Sessions {
            members: environment.targets.iter().map(member).collect(),
            stop,
            parallel: environment.parallel,
            runtime: runtime()?,
        })
    }

    /// From now on no target begins a step that this board holds.
    pub fn go_together(&mut self, board: &SharedBoard) {
        for member in &mut self.members {
            member.board = Some(board.clone());
        }
    }

    /// Every target's place in the list.
    pub fn all(&self) -> Vec<usize> {
        (0..self.members.len()).collect()
    }

    /// The names of all targets.
    pub fn names(&self) -> Vec<&str> {
        self.members.iter().map(|member| member.name.as_str()).collect()
    }

    /// Does some work on these targets, on a bounded number of them at a time.
    pub fn work<T>(
        &mut self,
        which: &[usize],
        work: impl AsyncFn(&mut Member) -> Result<T>,
    ) -> Outcomes<T> {
        let Sessions { members, stop, parallel, runtime } = self;
        let members = members.iter_mut().enumerate().filter(|(index, _)| which.contains(index));
        let one = async |(index, member): (usize, &mut Member)| {
            let done = work(member).await;
            if done.is_err() {
                // It may be the connection that failed.
                member.connection = None;
            }
            (index, done.map_err(|failure| member.named(failure)))
        };
        let futures =
            members.map(|member| Box::pin(one(member)) as Pin<Box<dyn Future<Output = _>>>);
        until_done(runtime, stop, bounded(futures.collect(), *parallel))
    }

    /// Does some work on all targets, and shows what it came to in their order; the failures last, and the worst of
    /// them decides how the program ends.
    pub fn each<T>(
        &mut self,
        work: impl AsyncFn(&mut Member) -> Result<T>,
        mut show: impl FnMut(&Member, T) -> Result<()>,
    ) -> Result<()> {
        let mut failures = Vec::new();
        for (index, outcome) in self.work(&self.all(), work) {
            let member = &self.members[index];
            let shown = outcome.and_then(|done| show(member, done));
            failures.extend(shown.map_err(|failure| member.named(failure)).err());
        }
        together(failures)
    }

    /// Sleeps, unless the user wants to stop; whether the whole time passed.
    pub fn pause(&self, time: Duration) -> bool {
        pause(&self.runtime, &self.stop, time)
    }

    /// Whether the user wants to stop.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

impl Member {
    /// The failure with the name of this target, where there are several.
    fn named(&self, failure: Failure) -> Failure {
        if self.terminal.has_target() { failure.of_target(&self.name) } else { failure }
    }

    /// The applier of this target, connected.
    pub async fn migrator(&mut self) -> Result<&mut Migrator> {
        let migrator = match self.connection.take() {
            Some((migrator, used)) if used.elapsed() < IDLE => migrator,
            _ => self.connect().await?,
        };
        Ok(&mut self.connection.insert((migrator, Instant::now())).0)
    }

    /// Says that the connection was used until now.
    pub fn rest(&mut self) {
        if let Some((_, used)) = &mut self.connection {
            *used = Instant::now();
        }
    }

    async fn connect(&self) -> Result<Migrator> {
        let connecting = Migrator::connect(self.target.url.expose(), self.options.clone());
        let mut migrator = connecting.await.map_err(failure)?;
        let mut progress = Progress::told(self.terminal, self.told.clone());
        migrator.observe(move |event| progress.event(event));
        if let Some(board) = self.board.clone() {
            let name = self.name.clone();
            migrator.together(move |row, direction| on(&board, |b| b.hold(&name, row, direction)));
        }
        Ok(migrator)
    }
}

/// Looks at a board, or notes something on it. Nothing on it is half-done where somebody panicked.
pub fn on<T>(board: &SharedBoard, look: impl FnOnce(&mut Board) -> T) -> T {
    look(&mut board.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// All that failed, the worst first; nothing where nothing did.
pub fn together(failures: Vec<Failure>) -> Result<()> {
    let exits = failures.iter().map(Failure::exit);
    let Some(exit) = worst(exits) else { return Ok(()) };
    let (worst, others): (Vec<_>, Vec<_>) =
        failures.into_iter().partition(|failure| failure.exit() == exit);
    let reports = worst.into_iter().chain(others).flat_map(Failure::into_reports);
    let reports: Vec<Report> = reports.collect();
    Failure::of(reports).map_or(Ok(()), Err)
}

/// Waits for all, of which at most `bound` are begun and not done; what each came to, in their order.
async fn bounded<T>(
    mut futures: Vec<Pin<Box<dyn Future<Output = T> + '_>>>,
    bound: usize,
) -> Vec<T> {
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut at_work = 0;
        for (future, done) in futures.iter_mut().zip(&mut done) {
            if done.is_some() || at_work == bound {
                continue;
            }
            match future.as_mut().poll(context) {
                Poll::Ready(value) => *done = Some(value),
                Poll::Pending => at_work += 1,
            }
        }
        if at_work == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Never more than the bound are at work, all come to their end, and each keeps its place.
    #[test]
    fn at_most_so_many_are_at_work() {
        let at_work = Cell::new(0);
        let most = Cell::new(0);
        let one = |number: u64| {
            let (at_work, most) = (&at_work, &most);
            Box::pin(async move {
                at_work.set(at_work.get() + 1);
                most.set(most.get().max(at_work.get()));
                tokio::time::sleep(Duration::from_millis(10 - number)).await;
                at_work.set(at_work.get() - 1);
                number
            }) as Pin<Box<dyn Future<Output = u64>>>
        };
        let runtime = runtime().expect("a runtime");
        for bound in [1, 3, 20] {
            most.set(0);
            let done = runtime.block_on(bounded((0..10).map(one).collect(), bound));
            assert_eq!(done, (0..10).collect::<Vec<_>>());
            assert_eq!(most.get(), bound.min(10));
        }
    }
}
