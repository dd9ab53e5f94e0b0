//! The journal, through its port.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lamplighter_core::condition::Cause;
use lamplighter_core::entry::{EntryKind, EpisodeMark};
use lamplighter_core::{Entry, Phase};
use lamplighter_engine::clock::VirtualClock;
use lamplighter_engine::journal;
use lamplighter_engine::ports::{Clock as _, Journal, Row};

mod past;

struct Desk {
    clock: VirtualClock,
    home: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { clock: VirtualClock::new(), home: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.home.path().join("journal.db")
    }

    fn open(&self) -> Arc<dyn Journal> {
        journal::open(&self.file(), Arc::new(self.clock.clone()))
    }

    fn row(&self, workload: &str, entry: Entry) -> Row {
        Row::new(self.clock.now().wall, workload, entry)
    }

    /// A row that tells `reason`.
    fn said(&self, reason: &str) -> Row {
        self.row("linear", Entry { reason: Some(reason.to_owned()), ..entry(EntryKind::Trigger) })
    }
}

fn entry(kind: EntryKind) -> Entry {
    Entry {
        kind,
        from: None,
        to: None,
        verdict: None,
        http_status: None,
        reason_code: None,
        reason: None,
        detail: None,
        episode: None,
    }
}

fn status(from: Phase, to: Phase) -> Entry {
    Entry { from: Some(from), to: Some(to), ..entry(EntryKind::Status) }
}

fn reasons(rows: &[Row]) -> Vec<&str> {
    rows.iter().filter_map(|row| row.reason.as_deref()).collect()
}

async fn all(journal: &dyn Journal) -> Vec<Row> {
    journal.rows(None, None, usize::MAX).await.unwrap()
}

/// Waits until a journal that was dropped has let go of its file.
fn let_go(file: &Path) {
    let wal = file.with_extension("db-wal");
    for _ in 0..500 {
        if !wal.exists() {
            return;
        }
        #[expect(clippy::disallowed_methods, reason = "the journal's thread ends in its own time")]
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the journal still holds its file after 5 s");
}

#[tokio::test]
async fn rows_are_kept_whole_in_the_order_of_the_calls() {
    let desk = Desk::new();
    let journal = desk.open();
    let mut follower = journal.follow();
    let started_at = desk.clock.now().wall;
    let whole = Entry {
        from: Some(Phase::Running),
        to: Some(Phase::AuthRetrying),
        verdict: Some("transient"),
        http_status: Some(403),
        reason_code: Some("firewall".to_owned()),
        reason: Some("a web page came".to_owned()),
        detail: Some("<html>".to_owned()),
        episode: Some(EpisodeMark { number: 3, started_at, spent: Duration::from_millis(1_500) }),
        ..entry(EntryKind::Status)
    };
    journal.append(desk.row("linear", whole.clone()));
    for number in 0..2_500 {
        journal.append(desk.row("notion", Entry { reason: Some(number.to_string()), ..entry(EntryKind::Attempt) }));
        if number == 0 {
            assert_eq!(follower.recv().await.unwrap().id, 1, "rows are shown as they are written");
            assert_eq!(follower.recv().await.unwrap().workload, "notion");
        }
    }

    let rows = all(journal.as_ref()).await;
    assert_eq!(rows.len(), 2_501, "a question sees all that was appended before it");
    assert_eq!(rows[0], Row { id: 1, ..desk.row("linear", whole) });
    assert!(rows.iter().zip(1..).all(|(row, id)| row.id == id));
    assert!(rows[1..].iter().zip(0..).all(|(row, number)| row.reason == Some(number.to_string())));
    for row in &rows[2..] {
        match follower.recv().await {
            Ok(shown) => assert_eq!(*shown, *row),
            Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => break,
            Err(closed @ tokio::sync::broadcast::error::RecvError::Closed) => panic!("{closed}"),
        }
    }
    assert_eq!(journal.trouble(), None);
}

#[tokio::test]
async fn questions_are_about_one_workload_or_all_and_bring_the_newest() {
    let desk = Desk::new();
    let journal = desk.open();
    for (workload, reason) in [("a", "1"), ("b", "2"), ("a", "3"), ("b", "4"), ("a", "5")] {
        journal.append(desk.row(workload, Entry { reason: Some(reason.to_owned()), ..entry(EntryKind::Login) }));
    }
    let ask = async |workload, after, limit| {
        let rows = journal.rows(workload, after, limit).await.unwrap();
        rows.into_iter().filter_map(|row| row.reason).collect::<Vec<_>>().concat()
    };
    assert_eq!(ask(None, None, 10).await, "12345");
    assert_eq!(ask(None, None, 2).await, "45");
    assert_eq!(ask(Some("a"), None, 10).await, "135");
    assert_eq!(ask(Some("a"), None, 2).await, "35");
    assert_eq!(ask(Some("a"), Some(1), 10).await, "35");
    assert_eq!(ask(None, Some(3), 10).await, "45");
    assert_eq!(ask(None, Some(5), 10).await, "");
    assert_eq!(ask(Some("c"), None, 10).await, "");
}

#[tokio::test]
async fn a_detail_is_cut_between_characters() {
    let desk = Desk::new();
    let journal = desk.open();
    journal.append(desk.row("a", Entry { detail: Some("é".repeat(300)), ..entry(EntryKind::Attempt) }));
    journal.append(desk.row("a", Entry { detail: Some(format!("x{}", "é".repeat(300))), ..entry(EntryKind::Attempt) }));
    let details: Vec<_> = all(journal.as_ref()).await.into_iter().filter_map(|row| row.detail).collect();
    assert_eq!(details, ["é".repeat(256), format!("x{}", "é".repeat(255))]);
}

#[tokio::test]
async fn an_episode_goes_on_after_a_restart() {
    let desk = Desk::new();
    let began = desk.clock.now().wall;
    let mark = |spent| Some(EpisodeMark { number: 2, started_at: began, spent: Duration::from_secs(spent) });
    let journal = desk.open();
    journal.append(desk.row("linear", Entry { verdict: Some("ok"), ..entry(EntryKind::Attempt) }));
    desk.clock.advance(Duration::from_mins(1));
    let retrying =
        Entry { reason_code: Some("dns".to_owned()), episode: mark(0), ..status(Phase::Running, Phase::AuthRetrying) };
    journal.append(desk.row("linear", retrying.clone()));
    desk.clock.advance(Duration::from_mins(10));
    journal.append(
        desk.row("linear", Entry { verdict: Some("transient"), episode: mark(600), ..entry(EntryKind::Attempt) }),
    );
    journal.append(desk.row("notion", status(Phase::Starting, Phase::Running)));
    journal.flush().await;
    drop(journal);
    let_go(&desk.file());

    let journal = desk.open();
    journal.append(desk.row("linear", status(Phase::Stopped, Phase::Starting)));
    let remembered = journal.remembered("linear").await.unwrap().unwrap();
    assert_eq!(remembered.phase, Phase::AuthRetrying, "a start in between tells nothing of the grant");
    assert_eq!(remembered.cause, Some(Cause::from_code("dns")));
    assert_eq!(remembered.since, began + SignedDuration::from_mins(1));
    assert_eq!(remembered.episode, mark(600));
    assert_eq!(remembered.last_success, Some(began));
    desk.clock.advance(Duration::from_mins(1));
    journal.append(desk.row("linear", Entry { from: Some(Phase::Starting), ..retrying }));
    let remembered = journal.remembered("linear").await.unwrap().unwrap();
    assert_eq!(remembered.since, began + SignedDuration::from_mins(1), "a restart does not begin it anew");
    assert_eq!(journal.remembered("sentry").await.unwrap(), None);
    let ids: Vec<_> = all(journal.as_ref()).await.iter().map(|row| row.id).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6], "numbers go on");
}

#[tokio::test]
async fn a_workload_that_was_removed_leaves_nothing_to_remember() {
    let desk = Desk::new();
    let journal = desk.open();
    let signed_in = Entry { reason_code: Some("signed_in".to_owned()), ..entry(EntryKind::Login) };
    journal.append(desk.row("linear", signed_in));
    journal.append(desk.row("linear", status(Phase::Starting, Phase::Running)));
    let remembered = journal.remembered("linear").await.unwrap().unwrap();
    assert_eq!((remembered.phase, remembered.episode), (Phase::Running, None));
    assert_eq!(remembered.last_success, Some(desk.clock.now().wall), "a sign-in is a success");
    journal.append(desk.row("linear", status(Phase::Running, Phase::Removing)));
    assert_eq!(journal.remembered("linear").await.unwrap(), None);
}

#[tokio::test]
async fn rows_go_after_thirty_days() {
    let desk = Desk::new();
    let journal = desk.open();
    journal.append(desk.said("first"));
    desk.clock.advance(Duration::from_hours(29 * 24));
    journal.append(desk.said("second"));
    assert_eq!(reasons(&all(journal.as_ref()).await), ["first", "second"]);
    desk.clock.advance(Duration::from_hours(2 * 24));
    journal.append(desk.said("third"));
    assert_eq!(reasons(&all(journal.as_ref()).await), ["second", "third"], "pruned daily");
    drop(journal);
    let_go(&desk.file());
    desk.clock.advance(Duration::from_hours(29 * 24));
    let journal = desk.open();
    assert_eq!(reasons(&all(journal.as_ref()).await), ["second", "third"], "not at once: the clock may be wrong");
    desk.clock.advance(Duration::from_hours(1));
    journal.flush().await;
    assert_eq!(reasons(&all(journal.as_ref()).await), ["third"]);
}

#[tokio::test]
async fn a_clock_that_is_years_ahead_takes_nothing_that_tells_how_a_workload_stands() {
    let desk = Desk::new();
    let journal = desk.open();
    let began = desk.clock.now().wall;
    let episode = Some(EpisodeMark { number: 2, started_at: began, spent: Duration::from_mins(10) });
    let signed_out =
        Entry { reason_code: Some("signed_out".to_owned()), ..status(Phase::Running, Phase::Unauthenticated) };
    journal.append(desk.row("linear", signed_out));
    journal.append(desk.row("linear", status(Phase::Unauthenticated, Phase::Stopped)));
    journal.append(desk.row("notion", Entry { episode, ..status(Phase::Running, Phase::AuthRetrying) }));
    journal.append(desk.said("history"));
    journal.flush().await;
    desk.clock.advance(Duration::from_hours(10 * 365 * 24));
    journal.append(desk.said("years later, by this clock"));
    let remembered = journal.remembered("linear").await.unwrap().unwrap();
    assert_eq!((remembered.phase, remembered.since), (Phase::Unauthenticated, began));
    let remembered = journal.remembered("notion").await.unwrap().unwrap();
    assert_eq!((remembered.phase, remembered.episode), (Phase::AuthRetrying, episode));
    assert_eq!(reasons(&all(journal.as_ref()).await), ["years later, by this clock"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_moved_away_or_removed_is_begun_anew() {
    let desk = Desk::new();
    let journal = desk.open();
    journal.append(desk.said("first"));
    journal.flush().await;
    let aside = desk.home.path().join("aside.db");
    std::fs::rename(desk.file(), &aside).unwrap();
    journal.append(desk.said("second"));
    assert_eq!(reasons(&all(journal.as_ref()).await), ["second"]);
    assert_eq!(journal.trouble(), None);
    std::fs::remove_file(desk.file()).unwrap();
    journal.append(desk.said("third"));
    let rows = all(journal.as_ref()).await;
    assert_eq!((reasons(&rows), rows[0].id), (vec!["third"], 3), "numbers go on");
    drop(journal);
    let_go(&desk.file());
    assert_eq!(reasons(&all(desk.open().as_ref()).await), ["third"], "it is on disk");
    let moved = rusqlite::Connection::open(&aside).unwrap();
    let kept: i64 = moved.query_one("SELECT count(*) FROM journal", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 1, "what was moved away is whole");
}

#[tokio::test]
async fn rows_that_wait_are_written_when_the_trouble_ends_and_nobody_has_to_come_by() {
    let desk = Desk::new();
    let journal = desk.open();
    journal.flush().await;
    let other = rusqlite::Connection::open(desk.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    journal.append(desk.said("here"));
    assert_eq!(reasons(&all(journal.as_ref()).await), ["here"]);
    assert!(journal.trouble().is_some());
    other.execute_batch("COMMIT").unwrap();
    let count = || other.query_one("SELECT count(*) FROM journal", [], |row| row.get::<_, i64>(0)).unwrap();
    for _ in 0..1_000 {
        if count() == 1 && journal.trouble().is_none() {
            return;
        }
        #[expect(clippy::disallowed_methods, reason = "the journal's thread tries again in real time")]
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("still not written after 10 s: {:?}", journal.trouble());
}

#[tokio::test]
async fn a_file_that_is_held_whole_costs_many_questions_no_time() {
    let desk = Desk::new();
    drop(desk.open());
    let holder = desk.open();
    holder.flush().await;
    drop(holder);
    let_go(&desk.file());
    let other = rusqlite::Connection::open(desk.file()).unwrap();
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    let journal = desk.open();
    #[expect(clippy::disallowed_methods, reason = "measures")]
    let begun = std::time::Instant::now();
    for number in 0..200 {
        assert_eq!(journal.remembered(&number.to_string()).await.unwrap(), None);
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(journal.trouble().unwrap().contains("locked"), "{:?}", journal.trouble());
    drop(other);
    journal.append(desk.said("here"));
    journal.flush().await;
    assert_eq!(journal.trouble(), None);
}

#[tokio::test]
async fn a_row_that_means_nothing_here_hides_no_other() {
    let desk = Desk::new();
    let journal = desk.open();
    journal.append(desk.said("before"));
    journal.append(desk.said("rotten"));
    journal.append(desk.said("after"));
    journal.flush().await;
    let other = rusqlite::Connection::open(desk.file()).unwrap();
    other.execute("UPDATE journal SET kind = '?' WHERE id = 2", []).unwrap();
    assert_eq!(reasons(&all(journal.as_ref()).await), ["before", "after"]);
    assert_eq!(journal.trouble(), None);
}

#[tokio::test]
async fn a_corrupt_file_is_kept_aside_and_a_new_one_begun() {
    let desk = Desk::new();
    std::fs::write(desk.file(), "this was a journal once. ".repeat(100)).unwrap();
    let journal = desk.open();
    journal.append(desk.said("here"));
    assert_eq!(reasons(&all(journal.as_ref()).await), ["here"]);
    assert_eq!(journal.trouble(), None);
    let files: Vec<_> = std::fs::read_dir(desk.home.path()).unwrap().map(|file| file.unwrap().path()).collect();
    let aside = files.iter().find(|file| file.to_string_lossy().contains(".corrupt-")).unwrap();
    assert!(std::fs::read_to_string(aside).unwrap().starts_with("this was a journal"));
}

#[tokio::test]
async fn a_file_that_rots_within_is_noticed_when_it_is_used() {
    let desk = Desk::new();
    let journal = desk.open();
    for _ in 0..2_000 {
        journal.append(desk.said(&"a row of some length ".repeat(5)));
    }
    journal.flush().await;
    drop(journal);
    let_go(&desk.file());
    let mut bytes = std::fs::read(desk.file()).unwrap();
    bytes[4_096..].fill(0xa5);
    std::fs::write(desk.file(), bytes).unwrap();

    let journal = desk.open();
    journal.append(desk.said("here"));
    let rows = all(journal.as_ref()).await;
    assert_eq!(reasons(&rows).last(), Some(&"here"));
    journal.append(desk.said("and on"));
    assert_eq!(reasons(&all(journal.as_ref()).await), ["here", "and on"]);
    assert_eq!(journal.trouble(), None);
}

#[tokio::test]
async fn rows_wait_in_memory_until_the_file_can_be_written() {
    let desk = Desk::new();
    std::fs::create_dir(desk.file()).unwrap();
    let journal = desk.open();
    let mut follower = journal.follow();
    for number in 0..1_200 {
        journal.append(desk.said(&number.to_string()));
    }
    let rows = all(journal.as_ref()).await;
    assert_eq!(rows.len(), 1_000, "the newest");
    assert_eq!(rows.last().and_then(|row| row.reason.as_deref()), Some("1199"));
    assert_eq!(reasons(&journal.rows(Some("linear"), None, 2).await.unwrap()), ["1198", "1199"]);
    assert!(journal.rows(Some("notion"), None, 2).await.unwrap().is_empty());
    let trouble = journal.trouble().unwrap();
    assert!(trouble.contains("journal.db"), "{trouble}");
    while follower.try_recv().is_ok_and(|row| row.id < 1_200) {}

    std::fs::remove_dir(desk.file()).unwrap();
    journal.append(desk.said("at last"));
    journal.flush().await;
    assert_eq!(journal.trouble(), None);
    drop(journal);
    let_go(&desk.file());
    let rows = all(desk.open().as_ref()).await;
    assert_eq!(rows.len(), 1_001);
    assert_eq!(reasons(&rows).last(), Some(&"at last"));
}

#[tokio::test]
async fn a_file_that_another_program_holds_is_trouble_until_it_lets_go() {
    let desk = Desk::new();
    let journal = desk.open();
    journal.append(desk.said("before"));
    journal.flush().await;
    let other = rusqlite::Connection::open(desk.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    journal.append(desk.said("meanwhile"));
    assert_eq!(reasons(&all(journal.as_ref()).await), ["before", "meanwhile"], "it can still be read");
    assert!(journal.trouble().is_some());
    other.execute_batch("COMMIT").unwrap();
    journal.flush().await;
    assert_eq!(journal.trouble(), None);
    let count: i64 = other.query_one("SELECT count(*) FROM journal", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 2);
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_cannot_be_written_is_trouble_and_no_end() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    set_permissions(desk.home.path(), Permissions::from_mode(0o500)).unwrap();
    // Rights bind everybody but root.
    let writable = std::fs::create_dir(desk.home.path().join("probe")).is_ok();
    let journal = desk.open();
    journal.append(desk.said("here"));
    assert_eq!(reasons(&all(journal.as_ref()).await), ["here"]);
    assert_eq!(journal.trouble().is_none(), writable);
    set_permissions(desk.home.path(), Permissions::from_mode(0o700)).unwrap();
    journal.flush().await;
    assert_eq!(journal.trouble(), None);
    assert_eq!(reasons(&all(journal.as_ref()).await), ["here"]);
}

#[tokio::test]
async fn the_journal_of_a_newer_program_is_left_alone() {
    let desk = Desk::new();
    let newer = rusqlite::Connection::open(desk.file()).unwrap();
    newer.execute_batch("CREATE TABLE other (x); PRAGMA user_version = 7").unwrap();
    drop(newer);
    let before = std::fs::read(desk.file()).unwrap();
    let journal = desk.open();
    journal.append(desk.said("here"));
    assert_eq!(reasons(&all(journal.as_ref()).await), ["here"]);
    let trouble = journal.trouble().unwrap();
    assert!(trouble.contains("newer"), "{trouble}");
    drop(journal);
    assert_eq!(std::fs::read(desk.file()).unwrap(), before);
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    let journal = desk.open();
    journal.append(desk.said("here"));
    journal.flush().await;
    for file in std::fs::read_dir(desk.home.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", file.path().display());
    }
}

#[tokio::test]
async fn a_journal_in_memory_does_the_same_without_a_file() {
    let desk = Desk::new();
    let journal = journal::in_memory(Arc::new(desk.clock.clone()));
    journal.append(desk.said("here"));
    assert_eq!(reasons(&all(journal.as_ref()).await), ["here"]);
    assert_eq!(journal.trouble(), None);
    assert_eq!(journal.remembered("linear").await.unwrap(), None);
    assert!(Timestamp::UNIX_EPOCH < all(journal.as_ref()).await[0].time);
}
