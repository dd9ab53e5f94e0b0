//! When it is looked whether a way is open again, and what of it is news.

use std::time::Duration;

use lamplighter_core::Moment;
use lamplighter_core::condition::{Cause, Transport, UpstreamFault};
use lamplighter_core::lookout::{Lookout, Place, Sight, Unreached, unreached};
use url::Url;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

fn address(host: &str) -> Url {
    Url::parse(&format!("https://{host}.example/")).unwrap()
}

fn place(host: &str, met: Sight) -> Place {
    Place { address: address(host), met }
}

fn at(span: Duration) -> Moment {
    Moment::from_millis(0) + span
}

/// Who waits for each of `hosts` from the beginning, nobody having answered there.
fn waiting(hosts: &[&str]) -> Lookout {
    let mut lookout = Lookout::default();
    lookout.wait_for(hosts.iter().map(|host| place(host, Sight::Nobody)), at(Duration::ZERO));
    lookout
}

/// The times between `times`.
fn gaps(times: &[Duration]) -> Vec<Duration> {
    times.windows(2).map(|pair| pair[1].abs_diff(pair[0])).collect()
}

/// The looks until `end`.
fn looks(lookout: &mut Lookout, end: Duration) -> Vec<(Duration, Vec<Url>)> {
    let mut looks = Vec::new();
    while let Some(due) = lookout.deadline().filter(|due| *due <= at(end)) {
        looks.push((due.since(at(Duration::ZERO)), lookout.look(due)));
    }
    looks
}

#[test]
fn it_is_looked_every_few_seconds_and_more_rarely_the_longer_it_lasts() {
    let mut lookout = waiting(&["a"]);
    let times: Vec<_> = looks(&mut lookout, 24 * HOUR).into_iter().map(|(time, _)| time).collect();
    let gap_at = |when: Duration| {
        let after = times.iter().position(|time| *time > when).unwrap();
        gaps(&times)[after - 1]
    };
    assert_eq!(times[..3], [5 * SECOND, 10 * SECOND, 15 * SECOND]);
    assert_eq!(gap_at(29 * MINUTE), 5 * SECOND);
    assert!(gap_at(HOUR) <= 10 * SECOND, "ten seconds after an hour");
    assert!(gap_at(6 * HOUR) <= MINUTE, "a minute after six");
    assert!((1_500..2_000).contains(&times.len()), "{} looks a day", times.len());
}

#[test]
fn whatever_happens_begins_it_anew() {
    let mut lookout = waiting(&["a"]);
    looks(&mut lookout, 6 * HOUR);
    let rare = lookout.deadline().unwrap();
    lookout.stirred(at(6 * HOUR));
    assert!(lookout.deadline().unwrap() < rare);
    let times: Vec<_> = looks(&mut lookout, 6 * HOUR + MINUTE).into_iter().map(|(time, _)| time).collect();
    assert_eq!(times.len(), 12, "{times:?}");
    assert!(gaps(&times).iter().all(|gap| *gap == 5 * SECOND), "{times:?}");
}

#[test]
fn trouble_that_is_new_is_not_looked_for_as_rarely_as_old() {
    let mut lookout = waiting(&["old"]);
    looks(&mut lookout, 12 * HOUR);
    let both = || [place("old", Sight::Nobody), place("new", Sight::Nobody)];
    lookout.wait_for(both(), at(12 * HOUR));
    let soon = looks(&mut lookout, 12 * HOUR + MINUTE);
    let at_new = soon.iter().filter(|(_, places)| places.contains(&address("new"))).count();
    let at_old = soon.iter().filter(|(_, places)| places.contains(&address("old"))).count();
    assert_eq!((at_new, at_old), (12, 1));
}

#[test]
fn many_places_take_turns_and_are_looked_at_no_faster() {
    let hosts: Vec<_> = (0..20).map(|number| format!("h{number}")).collect();
    let mut lookout = waiting(&hosts.iter().map(String::as_str).collect::<Vec<_>>());
    let looks = looks(&mut lookout, MINUTE);
    assert!(looks.iter().all(|(_, places)| places.len() <= 16), "{looks:?}");
    let times: Vec<_> = looks.iter().map(|(at, _)| *at).collect();
    assert!(gaps(&times).iter().all(|gap| *gap >= 5 * SECOND), "{times:?}");
    for host in &hosts {
        let looked_at = |(at, places): &(Duration, Vec<Url>)| places.contains(&address(host)).then_some(*at);
        let turns: Vec<_> = looks.iter().filter_map(looked_at).collect();
        assert!(gaps(&turns).iter().all(|gap| *gap <= 10 * SECOND), "{host}: {turns:?}");
        assert!(turns[0] <= 10 * SECOND);
    }
}

#[test]
fn nothing_is_due_where_nobody_waits() {
    assert_eq!(Lookout::default().deadline(), None);
    let mut lookout = waiting(&["a"]);
    assert_eq!(lookout.look(at(SECOND)), [], "not yet");
    lookout.wait_for([], at(SECOND));
    assert_eq!((lookout.deadline(), lookout.look(at(HOUR))), (None, Vec::new()));
    assert!(!lookout.saw(&address("a"), Sight::Server, at(HOUR)), "nobody is interested any more");
}

#[test]
fn an_address_that_several_wait_for_is_looked_at_once() {
    let mut lookout = waiting(&["a", "a", "a"]);
    assert_eq!(lookout.look(at(5 * SECOND)), [address("a")]);
}

#[test]
fn more_than_was_met_is_news() {
    use Sight::{Nobody, Server, Stranger};
    for (met, news) in [(Nobody, vec![Stranger, Server]), (Stranger, vec![Server]), (Server, vec![])] {
        for sight in [Nobody, Stranger, Server] {
            let mut lookout = Lookout::default();
            lookout.wait_for([place("a", Server), place("b", met)], at(Duration::ZERO));
            assert_eq!(lookout.saw(&address("b"), sight, at(SECOND)), news.contains(&sight), "{sight:?} after {met:?}");
        }
    }
}

/// When a server that is always seen is news, it being looked for until `end` and failing whoever tries it.
fn news(lookout: &mut Lookout, end: Duration, mut try_it: impl FnMut(&mut Lookout, Moment)) -> Vec<Duration> {
    let mut news = Vec::new();
    while let Some(due) = lookout.deadline().filter(|due| *due <= at(end)) {
        lookout.look(due);
        if lookout.saw(&address("a"), Sight::Server, due) {
            news.push(due.since(at(Duration::ZERO)));
            try_it(lookout, due);
        }
    }
    news
}

#[test]
fn a_server_that_is_there_and_fails_whoever_tries_it_is_news_ever_more_rarely() {
    let mut lookout = waiting(&["a"]);
    let told = news(&mut lookout, HOUR, |_, _| {});
    assert_eq!(told[..5], [5, 15, 35, 75, 155].map(|seconds| seconds * SECOND));
    assert!(told.len() <= 14, "{told:?}");
    assert!(gaps(&told).iter().all(|gap| *gap <= 11 * MINUTE), "and is not given up: {told:?}");
}

#[test]
fn whoever_fails_now_so_and_now_so_is_no_news_more_often() {
    let mut lookout = waiting(&["a"]);
    let told = news(&mut lookout, HOUR, |lookout, now| {
        lookout.wait_for([], now);
        lookout.wait_for([place("a", Sight::Stranger)], now);
    });
    assert!(told.len() <= 14, "{told:?}");
    lookout.stirred(at(HOUR));
    let again = news(&mut lookout, HOUR + MINUTE, |_, _| {});
    assert_eq!(again[..2], [HOUR + 5 * SECOND, HOUR + 15 * SECOND], "what happens ends that");
}

#[test]
fn a_server_that_was_of_use_is_news_at_once_when_it_is_lost_again() {
    let mut lookout = Lookout::default();
    for trouble in 1..100 {
        let begin = at(trouble * 30 * SECOND);
        lookout.wait_for([place("a", Sight::Nobody)], begin);
        assert!(lookout.saw(&address("a"), Sight::Server, begin + 5 * SECOND), "trouble {trouble}");
        lookout.wait_for([], begin + 5 * SECOND);
    }
}

#[test]
fn only_who_was_kept_from_a_server_looks_for_it() {
    let sign_in = |sight| Some((Unreached::SignInServer, sight));
    let server = Some((Unreached::Server, Sight::Nobody));
    let table = [
        (Cause::Transport(Transport::Timeout), sign_in(Sight::Nobody)),
        (Cause::Transport(Transport::Offline), sign_in(Sight::Nobody)),
        (Cause::Transport(Transport::Exhausted), None),
        (Cause::Tls, sign_in(Sight::Nobody)),
        (Cause::CaptivePortal { status: 302 }, sign_in(Sight::Stranger)),
        (Cause::Firewall { status: 403, page: true }, sign_in(Sight::Stranger)),
        (Cause::Firewall { status: 403, page: false }, None),
        (Cause::ServerBusy { status: 511 }, sign_in(Sight::Stranger)),
        (Cause::ServerBusy { status: 503 }, None),
        (Cause::Unreadable, None),
        (Cause::OAuth("invalid_grant".to_owned()), None),
        (Cause::Upstream(UpstreamFault::Unreachable(Transport::Refused)), server),
        (Cause::Upstream(UpstreamFault::Unreachable(Transport::Exhausted)), None),
        (Cause::Upstream(UpstreamFault::Tls), server),
        (Cause::Upstream(UpstreamFault::ServerError(500)), None),
    ];
    for (cause, expected) in table {
        assert_eq!(unreached(&cause), expected, "{cause:?}");
    }
}
