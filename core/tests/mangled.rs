//! Files whose bytes were changed by chance: what is read again is refused with a problem, or understood; nothing
//! panics. The seeds are fixed, so a failure comes back.

use std::collections::BTreeMap;

use colmig_core::ident;
use colmig_core::lifecycle::State;
use colmig_core::lock::{Lock, Recorded};
use colmig_core::migration::{MANIFEST, Migration, chain};
use colmig_core::plan::{Wish, plan};
use colmig_core::schema::{Column, Schema, Table};
use colmig_core::types::{ColumnType, DATABASES, PerDatabase};
use colmig_core::vector::Vector;

const MANGLED: u64 = 1_000;

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    /// The text with a few bytes changed, cut out, doubled, or taken from elsewhere in it.
    fn mangle(&mut self, text: &str) -> String {
        const BYTES: &[u8] = b" \"\\{}[],:0-9\0\xffnultrefa";
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=self.below(4) {
            let (at, from) = (self.below(bytes.len()), self.below(bytes.len()));
            let length = self.below(12).min(bytes.len() - at.max(from));
            match self.below(5) {
                0 => bytes[at] = BYTES[self.below(BYTES.len())],
                1 => drop(bytes.drain(at..at + length)),
                2 => {
                    let part = bytes[from..from + length].to_vec();
                    bytes.splice(at..at, part);
                }
                3 if self.below(10) == 0 => bytes.truncate(at),
                _ => bytes[at] = self.below(256) as u8,
            }
            if bytes.is_empty() {
                bytes.push(b'{');
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn name(&mut self) -> String {
        let letters = ["a", "_", "\"", "'", "é", "Ж", "\0", " ", ".", "/", "日", "\u{301}", "🙂"];
        (0..self.below(90)).map(|_| letters[self.below(letters.len())]).collect()
    }
}

fn column(name: &str, state: State) -> Column {
    let text = || PerDatabase::Everywhere("lower(email)".into());
    let backfill = if state == State::Adding { text() } else { PerDatabase::Nowhere };
    let reverse = if state == State::Deprecated { text() } else { PerDatabase::Nowhere };
    Column { state, backfill, reverse, ..Column::new(name, ColumnType::Known("text".into())) }
}

fn schema(columns: &[Column]) -> Schema {
    let key = Column { auto: true, ..Column::new("id", ColumnType::Known("int8".into())) };
    let columns = std::iter::once(key).chain(columns.iter().cloned()).collect();
    let table = Table { primary_key: vec!["id".into()], columns, ..Table::new("users") };
    Schema::of(vec![table])
}

/// A lock file behind two migrations, and these.
fn recorded() -> (Lock, Vec<Migration>) {
    let databases = DATABASES.iter().map(|(database, _)| *database).collect();
    let mut lock = Lock { project: "shop".into(), databases, ..Lock::default() };
    let mut migrations = Vec::new();
    let first = schema(&[column("email", State::Active), column("nickname", State::Active)]);
    let second = schema(&[
        column("email", State::Active),
        column("nickname", State::Deprecated),
        column("handle", State::Adding),
    ]);
    for source in [first, second] {
        let outcome = plan(&lock, &source, Wish::default()).expect("a legal edit");
        let migration = outcome.migration.expect("it begins changes");
        lock.schema = outcome.schema;
        let id = migration.manifest.id.clone();
        lock.migrations.push(Recorded { id, hash: migration.hash() });
        migrations.push(migration);
    }
    (lock, migrations)
}

#[test]
fn a_mangled_migration_is_refused_or_understood() {
    let (lock, migrations) = recorded();
    let vector = Vector::of_schema("shop", &lock.schema);
    let mut understood = 0;
    for seed in 0..MANGLED {
        let mut chance = Chance(seed);
        let one = &migrations[chance.below(migrations.len())];
        let mut files: BTreeMap<_, _> = one.files.clone();
        let text = chance.mangle(&files[MANIFEST]);
        files.insert(MANIFEST.to_owned(), text);
        let Ok(migration) = Migration::parse(&one.manifest.id, files) else { continue };
        understood += 1;
        for change in &migration.manifest.changes {
            let _ = (change.title(), change.property(), change.consents(), vector.range(change));
            for (step, taken) in change.steps.iter().enumerate() {
                let _ = (change.step_name(step), change.window_at(step), change.undo(taken.act));
            }
        }
        let _ = Migration::unpack(&one.manifest.id, &migration.pack());
        let _ = (migration.hash(), chain(vec![migration, migrations[0].clone()]));
    }
    assert!(understood > 0, "nothing was understood, so nothing behind the parser was tried");
    let packed = migrations[1].pack();
    for seed in 0..MANGLED {
        let _ = Migration::unpack(&migrations[1].manifest.id, &Chance(seed).mangle(&packed));
    }
}

#[test]
fn a_mangled_lock_file_is_refused_or_understood() {
    let (lock, _) = recorded();
    let text = lock.render();
    assert_eq!(Lock::parse(&text).map(|lock| lock.render()).as_ref(), Ok(&text));
    let mut understood = 0;
    for seed in 0..MANGLED {
        let Ok(lock) = Lock::parse(&Chance(seed).mangle(&text)) else { continue };
        understood += 1;
        let again = Lock::parse(&lock.render()).expect("what is written is read");
        assert_eq!(again.schema, lock.schema, "seed {seed}");
        let _ = plan(&lock, &schema(&[column("email", State::Active)]), Wish::default());
    }
    assert!(understood > 0, "nothing was understood, so nothing behind the parser was tried");
}

#[test]
fn any_name_is_refused_or_can_be_quoted() {
    for seed in 0..MANGLED {
        let name = Chance(seed).name();
        let quoted = ident::quote(&name);
        assert_eq!(quoted[1..quoted.len() - 1].replace("\"\"", "\""), name);
        assert!(ident::shortened(&name, "_colmig_not_null").len() <= ident::MAX_BYTES);
        let _ = ident::for_file(&name);
        if ident::check(&name).is_ok() {
            assert!(!name.is_empty() && name.len() <= ident::MAX_BYTES && !name.contains('\0'));
        }
    }
}
