//! `cargo colmig restore`: archived values go back into a column.

use colmig::migrator::Restored;
use colmig_core::Exit;
use colmig_core::backfill::rows;

use crate::cli::RestoreArgs;
use crate::context::Context;
use crate::report::Result;
use crate::session::{Consent, failure};
use crate::sessions::Sessions;
use crate::terminal::Terminal;

/// Restores, and says what became of every archived value.
pub(super) fn run(args: &RestoreArgs, context: &Context) -> Result<Exit> {
    let mut sessions = Sessions::of(context, &Consent::default())?;
    let (change, into) = (args.change.as_deref(), args.into.as_deref());
    sessions.each(
        async |member| {
            member.migrator().await?.restore(&args.column, change, into).await.map_err(failure)
        },
        |member, done| {
            show(member.terminal, &done);
            Ok(())
        },
    )?;
    Ok(Exit::Done)
}

fn show(terminal: Terminal, done: &Restored) {
    let what = if done.from == done.into {
        done.from.clone()
    } else {
        format!("{} into {}", done.from, done.into)
    };
    terminal.status(
        "Restored",
        &format!("{what}: {}, as {} archived it", rows(done.restored), done.change),
    );
    if done.kept > 0 {
        terminal.more(&format!("left alone, with a value of its own: {}", rows(done.kept)));
    }
    if done.gone > 0 {
        terminal.more(&format!("archived and gone since: {}", rows(done.gone)));
    }
    terminal.object(&serde_json::json!({
        "reason": "restored", "change": done.change, "from": done.from, "into": done.into,
        "restored": done.restored, "kept": done.kept, "gone": done.gone,
    }));
}
