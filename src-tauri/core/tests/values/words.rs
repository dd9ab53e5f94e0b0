//! The words that people and programs read.

use jiff::SignedDuration;
use lamplighter_core::Phase;
use lamplighter_core::condition::{
    Cause, Condition, Obstacle, Severity, StoreFault, Transport, Trouble, UpstreamFault, lacking, remedy,
};
use lamplighter_core::config::GrantKind;

const PHASES: [Phase; 11] = [
    Phase::Starting,
    Phase::Running,
    Phase::AuthRetrying,
    Phase::Unauthenticated,
    Phase::Unhealthy,
    Phase::Stopping,
    Phase::Stopped,
    Phase::Error,
    Phase::Removing,
    Phase::Unknown,
    Phase::PolicyStopped,
];

fn transports() -> [Transport; 9] {
    [
        Transport::Dns,
        Transport::Refused,
        Transport::Unreachable,
        Transport::Reset,
        Transport::Timeout,
        Transport::Closed,
        Transport::Offline,
        Transport::Malformed,
        Transport::Exhausted,
    ]
}

/// Every cause, without the numbers and texts that its code does not hold.
fn causes() -> Vec<Cause> {
    let mut causes = vec![
        Cause::Tls,
        Cause::CaptivePortal { status: 0 },
        Cause::Firewall { status: 0, page: false },
        Cause::ServerBusy { status: 0 },
        Cause::Unreadable,
        Cause::Ceiling,
        Cause::NoRefreshToken,
        Cause::SignInNeeded,
        Cause::SignedOut,
        Cause::RefusedByServer,
        Cause::Store(StoreFault::Locked),
        Cause::Store(StoreFault::Absent),
        Cause::Store(StoreFault::Failed),
        Cause::Upstream(UpstreamFault::Tls),
        Cause::Upstream(UpstreamFault::ServerError(0)),
        Cause::SignIn(String::new()),
    ];
    causes.extend(transports().map(Cause::Transport));
    causes.extend(transports().map(|way| Cause::Upstream(UpstreamFault::Unreachable(way))));
    let words = [
        "invalid_grant",
        "invalid_client",
        "unauthorized_client",
        "invalid_scope",
        "invalid_target",
        "access_denied",
        "unsupported_grant_type",
        "interaction_required",
        "consent_required",
        "login_required",
        "temporarily_unavailable",
        "server_error",
        "slow_down",
        "bad_refresh_token",
    ];
    causes.extend(words.map(|word| Cause::OAuth(word.to_owned())));
    causes
}

fn troubles() -> Vec<Trouble> {
    vec![
        Trouble::NotStored(StoreFault::Locked),
        Trouble::StoreLocked(StoreFault::Absent),
        Trouble::NoRefreshToken { expired: false },
        Trouble::NoRefreshToken { expired: true },
        Trouble::RegistrationLost,
        Trouble::NeedsMoreAccess(vec!["files".to_owned(), "mail".to_owned()]),
        Trouble::InTheWay(Obstacle::CertificateUntrusted),
        Trouble::InTheWay(Obstacle::CaptivePortal),
        Trouble::InTheWay(Obstacle::Firewall),
        Trouble::InTheWay(Obstacle::Offline),
        Trouble::ClockSkewed(SignedDuration::from_secs(90)),
        Trouble::Policy,
    ]
}

#[test]
fn a_code_leads_back_to_its_cause() {
    for cause in causes() {
        assert_eq!(Cause::from_code(&cause.code()), cause);
    }
}

#[test]
fn codes_are_the_words_of_the_contract() {
    let codes = [
        (Cause::Transport(Transport::Timeout), "timeout"),
        (Cause::Transport(Transport::Dns), "dns"),
        (Cause::Firewall { status: 403, page: true }, "firewall"),
        (Cause::CaptivePortal { status: 302 }, "captive_portal"),
        (Cause::Tls, "certificate_untrusted"),
        (Cause::Ceiling, "ceiling"),
        (Cause::RefusedByServer, "refused_by_server"),
        (Cause::NoRefreshToken, "no_refresh_token"),
        (Cause::SignInNeeded, "sign_in_needed"),
        (Cause::SignedOut, "signed_out"),
        (Cause::OAuth("invalid_grant".to_owned()), "invalid_grant"),
    ];
    for (cause, code) in codes {
        assert_eq!(cause.code(), code);
    }
}

#[test]
fn sentences_are_calm_told_apart_and_without_a_full_stop() {
    let mut seen = Vec::new();
    for cause in causes() {
        let sentence = cause.sentence();
        assert!(sentence.len() > 10 && !sentence.ends_with('.'), "{sentence}");
        assert!(!sentence.contains('!') && !sentence.to_lowercase().contains("error:"), "{sentence}");
        if !matches!(cause, Cause::OAuth(_)) {
            assert!(!seen.contains(&sentence), "said twice: {sentence}");
        }
        seen.push(sentence);
    }
}

#[test]
fn numbers_are_said_where_they_are_known() {
    let sentences = [
        (Cause::Firewall { status: 403, page: true }, "the sign-in server answered 403 with a web page"),
        (Cause::Firewall { status: 404, page: false }, "the sign-in server answered 404 without saying why"),
        (Cause::CaptivePortal { status: 200 }, "the sign-in server answered 200 with a web page"),
        (Cause::CaptivePortal { status: 302 }, "the sign-in server answered 302, a detour to somewhere else"),
        (Cause::ServerBusy { status: 503 }, "the sign-in server answered 503 and asks for patience"),
        (Cause::Upstream(UpstreamFault::ServerError(500)), "the server keeps answering 500"),
        (Cause::SignIn("you closed the browser".to_owned()), "you closed the browser"),
        (Cause::OAuth("vendor_word".to_owned()), "the sign-in server answered with the error \"vendor_word\""),
    ];
    for (cause, sentence) in sentences {
        assert_eq!(cause.sentence(), sentence);
    }
}

#[test]
fn an_error_word_that_could_be_a_token_is_not_repeated() {
    let secrets = [
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0",
        "line\nbreak",
        "quote\"",
        "back\\slash",
        "",
        "schlüssel",
    ];
    for secret in secrets {
        let cause = Cause::OAuth(secret.to_owned());
        assert_eq!(cause.code(), "oauth_error");
        assert!(cause.sentence().contains("oauth_error"));
    }
    for word in ["a", "!#[]~ 0", &"x".repeat(40)] {
        assert_eq!(Cause::OAuth(word.to_owned()).code(), word);
    }
    assert_eq!(Cause::OAuth("x".repeat(41)).code(), "oauth_error");
}

#[test]
fn conditions_have_their_code_and_a_remedy() {
    let codes: Vec<_> =
        troubles().iter().map(|trouble| trouble.describe("linear", GrantKind::AuthorizationCode).code).collect();
    let expected = [
        "not_stored",
        "store_locked",
        "no_refresh_token",
        "no_refresh_token",
        "registration_lost",
        "needs_more_access",
        "certificate_untrusted",
        "captive_portal",
        "firewall",
        "offline",
        "clock_skewed",
        "policy",
    ];
    assert_eq!(codes, expected);
    for condition in troubles().iter().map(|trouble| trouble.describe("linear", GrantKind::AuthorizationCode)) {
        assert!(!condition.title.is_empty() && !condition.title.ends_with('.'), "{condition:?}");
        assert!(condition.text.ends_with('.') && condition.remedy.ends_with('.'), "{condition:?}");
    }
}

#[test]
fn severity_tells_who_must_act() {
    let severity = |trouble: Trouble| trouble.describe("linear", GrantKind::AuthorizationCode).severity;
    assert_eq!(severity(Trouble::NoRefreshToken { expired: false }), Severity::Info);
    assert_eq!(severity(Trouble::NoRefreshToken { expired: true }), Severity::Error);
    assert_eq!(severity(Trouble::InTheWay(Obstacle::Firewall)), Severity::Warning);
    assert_eq!(severity(Trouble::NeedsMoreAccess(Vec::new())), Severity::Error);
}

#[test]
fn more_access_names_the_scopes() {
    let text = |scopes: &[&str]| {
        Trouble::NeedsMoreAccess(scopes.iter().map(ToString::to_string).collect())
            .describe("linear", GrantKind::AuthorizationCode)
            .text
    };
    assert!(text(&["files", "mail"]).contains("files, mail"));
    assert!(!text(&[]).contains(':'));
}

#[test]
fn a_wrong_clock_is_said_in_the_right_direction_and_unit() {
    let text = |seconds| {
        Trouble::ClockSkewed(SignedDuration::from_secs(seconds)).describe("linear", GrantKind::AuthorizationCode).text
    };
    assert_eq!(text(90), "This machine's clock is 90 seconds behind the server's.");
    assert_eq!(text(-119), "This machine's clock is 119 seconds ahead of the server's.");
    assert_eq!(text(120), "This machine's clock is 2 minutes behind the server's.");
    assert_eq!(text(7199), "This machine's clock is 119 minutes behind the server's.");
    assert_eq!(text(-7200), "This machine's clock is 2 hours ahead of the server's.");
    assert_eq!(text(172_799), "This machine's clock is 47 hours behind the server's.");
    assert_eq!(text(172_800), "This machine's clock is 2 days behind the server's.");
}

#[test]
fn obstacles_are_found_behind_causes() {
    let found = [
        (Cause::Tls, Some(Obstacle::CertificateUntrusted)),
        (Cause::Upstream(UpstreamFault::Tls), Some(Obstacle::CertificateUntrusted)),
        (Cause::CaptivePortal { status: 200 }, Some(Obstacle::CaptivePortal)),
        (Cause::Firewall { status: 403, page: true }, Some(Obstacle::Firewall)),
        (Cause::Transport(Transport::Dns), Some(Obstacle::Offline)),
        (Cause::Transport(Transport::Unreachable), Some(Obstacle::Offline)),
        (Cause::Upstream(UpstreamFault::Unreachable(Transport::Dns)), Some(Obstacle::Offline)),
        (Cause::Transport(Transport::Refused), None),
        (Cause::Transport(Transport::Timeout), None),
        (Cause::ServerBusy { status: 503 }, None),
        (Cause::OAuth("invalid_grant".to_owned()), None),
    ];
    for (cause, obstacle) in found {
        assert_eq!(Obstacle::behind(&cause), obstacle, "{cause:?}");
    }
}

#[test]
fn a_remedy_names_the_click_and_the_command() {
    let of = |phase| remedy("linear", GrantKind::AuthorizationCode, phase, None, &[]);
    let named = [
        (Phase::AuthRetrying, "Try now", "`lamplighter retry linear`"),
        (Phase::Unauthenticated, "Sign in", "`lamplighter login linear`"),
        (Phase::Unhealthy, "Try now", "`lamplighter retry linear`"),
        (Phase::Stopped, "Start", "`lamplighter start linear`"),
    ];
    for (phase, click, command) in named {
        let remedy = of(phase).unwrap();
        assert!(remedy.contains(click) && remedy.contains(command), "{remedy}");
    }
    for phase in [Phase::Starting, Phase::Running, Phase::Stopping, Phase::Removing, Phase::Error, Phase::Unknown] {
        assert_eq!(of(phase), None);
    }
}

#[test]
fn the_worst_condition_gives_the_remedy_where_it_asks_for_something() {
    let conditions: Vec<Condition> = [
        Trouble::NoRefreshToken { expired: false },
        Trouble::InTheWay(Obstacle::Firewall),
        Trouble::InTheWay(Obstacle::CaptivePortal),
    ]
    .iter()
    .map(|trouble| trouble.describe("linear", GrantKind::AuthorizationCode))
    .collect();
    let firewall = Some(conditions[1].remedy.clone());
    for phase in [Phase::Running, Phase::Starting, Phase::AuthRetrying, Phase::Unhealthy] {
        assert_eq!(
            remedy("linear", GrantKind::AuthorizationCode, phase, None, &conditions),
            firewall,
            "the first of the worst"
        );
    }
    assert_eq!(
        remedy("linear", GrantKind::AuthorizationCode, Phase::Running, None, &conditions[..1]),
        None,
        "good to know asks nothing"
    );
    let policy = [Trouble::Policy.describe("linear", GrantKind::AuthorizationCode)];
    assert_eq!(
        remedy("linear", GrantKind::AuthorizationCode, Phase::PolicyStopped, None, &policy),
        Some(policy[0].remedy.clone())
    );
}

#[test]
fn a_refused_resource_has_its_own_remedy() {
    let cause = Cause::OAuth("invalid_target".to_owned());
    let text = remedy("linear", GrantKind::AuthorizationCode, Phase::Unauthenticated, Some(&cause), &[]).unwrap();
    assert!(text.contains("`resource`") && text.contains("`lamplighter login linear`"));
    let cause = Cause::OAuth("invalid_grant".to_owned());
    let text = remedy("linear", GrantKind::AuthorizationCode, Phase::Unauthenticated, Some(&cause), &[]).unwrap();
    assert!(!text.contains("`resource`"));
}

#[test]
fn every_phase_and_cause_has_words() {
    for phase in PHASES {
        for cause in causes() {
            if let Some(text) = remedy("linear", GrantKind::AuthorizationCode, phase, Some(&cause), &[]) {
                assert!(text.ends_with('.'));
            }
        }
    }
}

#[test]
fn nobody_is_sent_to_a_sign_in_that_refuses() {
    for grant in [GrantKind::ClientCredentials, GrantKind::Bearer] {
        let mut said: Vec<String> = vec![lacking(grant).to_owned()];
        for condition in troubles().iter().map(|trouble| trouble.describe("linear", grant)) {
            said.push(condition.remedy);
        }
        for phase in PHASES {
            said.extend(causes().iter().filter_map(|cause| remedy("linear", grant, phase, Some(cause), &[])));
        }
        for words in said {
            assert!(!words.contains("Sign in") && !words.contains("lamplighter login"), "{grant:?}: {words}");
        }
    }
}

#[test]
fn each_grant_has_its_own_way_back() {
    let of = |grant, cause: Cause| remedy("linear", grant, Phase::Unauthenticated, Some(&cause), &[]).unwrap();
    let pasted = of(GrantKind::Bearer, Cause::RefusedByServer);
    assert!(pasted.contains("`lamplighter rm linear`, then `lamplighter add linear URL --bearer-stdin`"), "{pasted}");
    let refused = of(GrantKind::ClientCredentials, Cause::OAuth("invalid_client".to_owned()));
    assert!(refused.contains("Try now") && refused.contains("`lamplighter retry linear`"), "{refused}");
    assert!(refused.contains("--client-secret-stdin`"), "{refused}");
    let signed_out = of(GrantKind::ClientCredentials, Cause::SignedOut);
    assert_eq!(signed_out, "Choose Try now, or run `lamplighter retry linear`.");
    let more = Trouble::NeedsMoreAccess(vec!["mail".to_owned()]);
    assert!(more.describe("linear", GrantKind::Bearer).remedy.contains("--bearer-stdin"));
    assert!(more.describe("linear", GrantKind::ClientCredentials).remedy.contains("`lamplighter retry linear`"));
}
