//! What an applier does, as it does it: cargo's verbs, and a bar or a line now and then while rows are
//! filled.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use colmig::migrator::{Doing, Event, Filling};
use colmig_core::dialect::Direction;
use colmig_core::protocol::Act;
use indicatif::{ProgressBar, ProgressStyle as BarStyle};

use crate::cli::ProgressStyle;
use crate::terminal::Terminal;

/// How often a line is printed where there is no bar.
const EVERY: Duration = Duration::from_secs(10);

/// What was said already, of whichever of several databases: advice that is the same for all is given once.
pub type Told = Arc<Mutex<BTreeSet<String>>>;

/// Shows the events of one run.
pub struct Progress {
    terminal: Terminal,
    told: Told,
    bars: BTreeMap<String, Fill>,
}

struct Fill {
    began: Instant,
    first_rows: i64,
    line: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Nothing is shown yet.
    pub fn new(terminal: Terminal) -> Progress {
        Progress::told(terminal, Told::default())
    }

    /// The same for one of several databases, which share what was said.
    pub fn told(terminal: Terminal, told: Told) -> Progress {
        Progress { terminal, told, bars: BTreeMap::new() }
    }

    /// Whether this was not said yet, where there are several databases; otherwise it is said each time.
    fn is_new(&self, advice: &str) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(advice.to_owned()) || !self.terminal.has_target()
    }

    /// Shows one event.
    pub fn event(&mut self, event: Event) {
        self.object(&event);
        match event {
            Event::Begins(doing) => self.terminal.detail("Running", &described(&doing)),
            Event::Done(doing, took) => self.done(&doing, took),
            Event::Asking { change, rows } => {
                let what = format!("{change}: about {rows} rows, before anything is changed");
                self.terminal.waiting("Checking", &what);
            }
            Event::Filling(filling) => self.filling(&filling),
            Event::Sweeping { change, rows } => {
                let what = format!(
                    "{change}: {} came to be without a value meanwhile; once more",
                    colmig_core::backfill::rows(rows)
                );
                self.terminal.waiting("Sweeping", &what);
            }
            Event::LockWait { table, holders, pause } => {
                let holders = if holders.is_empty() {
                    "nobody that is still there".to_owned()
                } else {
                    holders.join("; ")
                };
                let what = format!(
                    "for the lock on `{table}`, held by {holders}; next try in {:.1} s",
                    pause.as_secs_f64()
                );
                self.terminal.waiting("Waiting", &what);
            }
            Event::HeldBack { change, held } => {
                let what = format!(
                    "{change}: the cluster held back all writes for {:.2} s; its slowest server is let catch up",
                    held.as_secs_f64()
                );
                self.terminal.waiting("Throttled", &what);
            }
            Event::Stalled { change, act, what, took } => {
                let what = format!("{change}: {act} held {what}: {:.2} s", took.as_secs_f64());
                self.terminal.note(&what);
            }
            Event::Draining(sessions) => {
                let list: Vec<_> = sessions.iter().map(ToString::to_string).collect();
                self.terminal.waiting(
                    "Draining",
                    &format!("transactions that are older than the window: {}", list.join("; ")),
                );
            }
            Event::Replaying(late) => {
                let list: Vec<_> = late.iter().map(ToString::to_string).collect();
                self.terminal.waiting("Waiting", &list.join("; "));
            }
            Event::Throttled { change, late, limit } => {
                self.terminal.waiting("Throttled", &format!("{change}: {}", late.above(limit)));
                self.terminal.more(&format!("to go on: {}", late.remedy()));
            }
            Event::Unthrottled { change, paused } => {
                let what = format!("{change}: goes on after {:.1} s", paused.as_secs_f64());
                self.terminal.status("Filling", &what);
            }
            Event::Queueing(holder) => {
                self.terminal.waiting("Waiting", &format!("another colmig is at work: {holder}"));
            }
            // `rollback` shows it as it shows a dry run.
            Event::RollingBack(_) => {}
            Event::Archived { change, name, rows, took } => {
                let what = format!(
                    "{change}: {} in `{name}` in {:.2} s",
                    colmig_core::backfill::rows(rows),
                    took.as_secs_f64()
                );
                self.terminal.status("Archived", &what);
            }
            Event::Dependants { change, subject, dependants, replaced } => {
                let what = dependants.join("; ");
                let note = match replaced {
                    true => format!(
                        "{change}: `{subject}` is named by {what}; move these to what replaces it before it is dropped"
                    ),
                    false => format!("{change}: with `{subject}` will go {what}"),
                };
                if self.is_new(&note) {
                    self.terminal.of_all().note(&note);
                }
            }
        }
    }

    fn done(&mut self, doing: &Doing, took: Duration) {
        if let Some(Fill { bar: Some(bar), .. }) = self.bars.remove(&doing.change) {
            bar.finish_and_clear();
        }
        let verb = if doing.direction == Direction::Up { "Applied" } else { "Undid" };
        let took = format!(" in {:.2} s", took.as_secs_f64());
        self.terminal.status(verb, &format!("{}{took}", described(doing)));
        if let (Act::Require(phase), Direction::Up) = (doing.act, doing.direction) {
            let migration = doing.change.split('.').next().unwrap_or_default();
            let advice = format!(
                "releases below phase {phase} cannot be started any more; `cargo colmig rollback {migration}` lets them in again"
            );
            if self.is_new(&advice) {
                self.terminal.of_all().more(&advice);
            }
        }
    }

    fn filling(&mut self, filling: &Filling) {
        let style = match self.terminal.progress() {
            // Several bars would write over one another.
            ProgressStyle::Bar if self.terminal.has_target() => ProgressStyle::Lines,
            style => style,
        };
        let now = Instant::now();
        let fill = self.bars.entry(filling.change.clone()).or_insert_with(|| Fill {
            began: now,
            first_rows: filling.rows,
            line: now,
            bar: (style == ProgressStyle::Bar).then(|| bar(filling)),
        });
        let total = filling.estimate.max(filling.rows);
        if let Some(bar) = &fill.bar {
            bar.set_length(u64::try_from(total).unwrap_or(0));
            bar.set_position(u64::try_from(filling.rows).unwrap_or(0));
        }
        if style == ProgressStyle::Lines && now - fill.line >= EVERY {
            fill.line = now;
            let rate = (filling.rows - fill.first_rows) as f64
                / (now - fill.began).as_secs_f64().max(0.001);
            let left = (total - filling.rows) as f64 / rate.max(1.0);
            self.terminal.status(
                "Filling",
                &format!(
                    "{}: {} of about {total} rows, {rate:.0} rows/s, about {left:.0} s left",
                    filling.change, filling.rows
                ),
            );
        }
    }

    /// For programs.
    fn object(&self, event: &Event) {
        let object = match event {
            Event::Done(doing, took) => serde_json::json!({
                "reason": "step", "change": doing.change, "step": doing.act.to_string(),
                "direction": if doing.direction == Direction::Up { "up" } else { "down" },
                "milliseconds": took.as_millis() as u64,
            }),
            Event::Filling(filling) => serde_json::json!({
                "reason": "backfill", "change": filling.change, "rows": filling.rows,
                "estimate": filling.estimate, "batch": filling.batch,
            }),
            Event::Throttled { change, late, limit } => serde_json::json!({
                "reason": "throttle", "change": change, "state": "throttled", "why": late.above(*limit),
                "remedy": late.remedy(), "replica": late.replica, "lag_ms": late.milliseconds(),
                "max_replica_lag_ms": limit,
            }),
            Event::Unthrottled { change, paused } => serde_json::json!({
                "reason": "throttle", "change": change, "state": "filling",
                "milliseconds": paused.as_millis() as u64,
            }),
            Event::Archived { change, name, rows, took } => serde_json::json!({
                "reason": "archived", "change": change, "table": name, "rows": rows,
                "milliseconds": took.as_millis() as u64,
            }),
            Event::HeldBack { change, held } => serde_json::json!({
                "reason": "throttled", "change": change, "why": "flow control",
                "milliseconds": held.as_millis() as u64,
            }),
            Event::Stalled { change, act, what, took } => serde_json::json!({
                "reason": "stalled", "change": change, "step": act.to_string(), "held": what,
                "milliseconds": took.as_millis() as u64,
            }),
            Event::Dependants { change, subject, dependants, replaced } => serde_json::json!({
                "reason": "dependants", "change": change, "column": subject, "goes": dependants,
                "replaced": replaced,
            }),
            _ => return,
        };
        self.terminal.object(&object);
    }
}

fn described(doing: &Doing) -> String {
    format!("{}: {}", doing.change, doing.act)
}

fn bar(filling: &Filling) -> ProgressBar {
    let style = BarStyle::with_template(
        "{prefix:>12.cyan.bold} [{bar:27}] {human_pos}/~{human_len} rows {per_sec}, {eta} left: {msg}",
    );
    let bar = ProgressBar::new(u64::try_from(filling.estimate).unwrap_or(0));
    bar.set_style(style.expect("the template is constant and valid").progress_chars("=> "));
    bar.set_prefix("Filling");
    bar.set_message(filling.change.clone());
    bar
}
