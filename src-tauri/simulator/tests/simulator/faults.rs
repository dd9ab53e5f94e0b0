//! Every fault as it looks on the wire, and what it does to the grant.

use std::io::ErrorKind;
use std::time::Duration;

use lamplighter_simulator::{
    CANARY, Endpoint, Fault, Host, Loss, Outcome as Became, RetryAfter, Server, StatusCode, World,
};
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use url::Url;

use crate::client::{Client, refusal, tokens};
use crate::raw::{Answer, End, Outcome, drain, read, send};

/// A client with a grant.
struct Patient {
    server: Server,
    client: Client,
    refresh: String,
}

impl Patient {
    async fn new(world: &World) -> Outcome<Self> {
        let server = world.server("linear")?;
        let client = Client::register(&server).await?;
        let refresh = client.sign_in().await?.refresh.ok_or("no refresh token")?;
        Ok(Self { server, client, refresh })
    }

    /// Sends a refresh.
    async fn send(&self) -> Outcome<TcpStream> {
        let form = format!("grant_type=refresh_token&refresh_token={}&client_id={}", self.refresh, self.client.id);
        let fields = [("Content-Type", "application/x-www-form-urlencoded")];
        send("POST", &self.server.url(Endpoint::Token), &fields, &form).await
    }

    /// Sends a refresh, and sees everything that comes back.
    async fn bytes(&self) -> Outcome<(Vec<u8>, End)> {
        drain(self.send().await?).await
    }

    /// Sends a refresh that meets `fault`.
    async fn meet(&self, fault: Fault) -> Outcome<Answer> {
        self.server.fail_times(Endpoint::Token, 1, &fault);
        read(&self.bytes().await?.0)
    }

    /// The refresh token is as good as before: the fault has eaten nothing.
    async fn goes_on_unharmed(self) -> Outcome {
        tokens(&self.client.refresh(&self.refresh).await?)?;
        assert_eq!(self.server.counts().reuse_detected, 0);
        Ok(())
    }

    /// The refresh token was rotated, and nobody was told: using it again ends the grant.
    async fn has_lost_an_answer(self) -> Outcome {
        assert_eq!(self.server.token_log().pop().map(|event| event.outcome), Some(Became::Issued));
        assert_eq!(refusal(&self.client.refresh(&self.refresh).await?)?, (400, "invalid_grant".to_owned()));
        assert_eq!(self.server.counts().reuse_detected, 1);
        Ok(())
    }
}

#[tokio::test]
async fn somebody_else_answers() -> Outcome {
    let world = World::new();
    let patient = Patient::new(&world).await?;
    let portal = "http://portal.example/login".to_owned();

    let page = patient.meet(Fault::Page(StatusCode::FORBIDDEN)).await?;
    assert_eq!((page.status, page.field("content-type")), (403, Some("text/html; charset=utf-8")));
    assert!(page.text().starts_with("<!DOCTYPE html>"));
    assert_eq!(patient.meet(Fault::Page(StatusCode::OK)).await?.status, 200);

    let moved = patient.meet(Fault::Redirect(StatusCode::FOUND, portal.clone())).await?;
    assert_eq!((moved.status, moved.field("location")), (302, Some(portal.as_str())));

    let text = patient.meet(Fault::Text(StatusCode::NOT_FOUND, "no such host".to_owned())).await?;
    assert_eq!((text.status, text.text().as_str()), (404, "no such host"));
    assert_eq!(text.field("content-type"), Some("text/plain"));

    for word in ["invalid_grant", "bad_refresh_token"] {
        for status in [StatusCode::OK, StatusCode::BAD_REQUEST] {
            let answer = patient.meet(Fault::OAuthError(status, word.to_owned())).await?;
            assert_eq!(refusal(&answer)?, (status.as_u16(), word.to_owned()));
        }
    }
    patient.goes_on_unharmed().await
}

#[tokio::test]
async fn a_busy_server_says_when_to_come_back() -> Outcome {
    let world = World::new();
    let patient = Patient::new(&world).await?;
    let status = StatusCode::TOO_MANY_REQUESTS;
    let answer = patient.meet(Fault::Busy(status, RetryAfter::Seconds(120))).await?;
    assert_eq!((answer.status, answer.field("retry-after")), (429, Some("120")));
    let answer = patient.meet(Fault::Busy(status, RetryAfter::Date(Duration::from_mins(2)))).await?;
    let [later, date] = [answer.field("retry-after"), answer.field("date")]
        .map(|field| field.and_then(|text| httpdate::parse_http_date(text).ok()));
    let ahead = later.zip(date).and_then(|(later, date)| later.duration_since(date).ok()).ok_or("no dates")?;
    assert!(ahead.abs_diff(Duration::from_mins(2)) <= Duration::from_secs(1), "{ahead:?}");
    let answer = patient.meet(Fault::Busy(status, RetryAfter::Raw("soon".to_owned()))).await?;
    assert_eq!(answer.field("retry-after"), Some("soon"));
    patient.goes_on_unharmed().await
}

#[tokio::test]
async fn bodies_that_are_no_token_answer() -> Outcome {
    let world = World::new();
    let patient = Patient::new(&world).await?;
    assert!(patient.meet(Fault::Empty(StatusCode::OK)).await?.body.is_empty());
    let other = patient.meet(Fault::Json(StatusCode::OK, json!({ "access_token": 5 }))).await?;
    assert_eq!(other.json()?, json!({ "access_token": 5 }));
    let truncated = patient.meet(Fault::Truncated).await?;
    assert!(truncated.whole && truncated.text().starts_with('{') && truncated.json().is_err());
    let oversized = patient.meet(Fault::Oversized).await?;
    assert!(oversized.body.len() > 1 << 20 && oversized.field("content-length").is_none());
    assert!(tokens(&oversized).is_ok());
    patient.goes_on_unharmed().await
}

#[tokio::test]
async fn a_body_without_end() -> Outcome {
    let world = World::new();
    let patient = Patient::new(&world).await?;
    patient.server.fail_times(Endpoint::Token, 1, &Fault::Endless);
    let mut stream = patient.send().await?;
    let mut seen = 0;
    let mut buffer = vec![0; 1 << 16];
    while seen < 8 << 20 {
        let read = stream.read(&mut buffer).await?;
        assert_ne!(read, 0, "it ended after {seen} bytes");
        seen += read;
    }
    drop(stream);
    patient.goes_on_unharmed().await
}

#[tokio::test]
async fn connections_that_end_before_the_answer() -> Outcome {
    let world = World::new();
    let patient = Patient::new(&world).await?;
    patient.server.fail_times(Endpoint::Token, 1, &Fault::Close);
    assert_eq!(patient.bytes().await?, (Vec::new(), End::Closed));
    patient.server.fail_times(Endpoint::Token, 1, &Fault::Reset);
    assert_eq!(patient.bytes().await?, (Vec::new(), End::Reset));
    let answer = patient.meet(Fault::Midway).await?;
    assert!(answer.status == 200 && !answer.whole && !answer.body.is_empty());
    let last = patient.server.token_log().pop().ok_or("no log")?;
    assert_eq!((last.outcome, last.fault), (Became::Untouched, Some("midway")));
    patient.goes_on_unharmed().await
}

#[tokio::test]
async fn silence_until_the_fault_is_lifted() -> Outcome {
    let world = World::new();
    let patient = Patient::new(&world).await?;
    patient.server.fail(Endpoint::Token, Fault::Hang);
    let [first, second] = [patient.send().await?, patient.send().await?];
    let waiting = tokio::spawn(async move { Ok::<_, String>((drain(first).await, drain(second).await)) });
    while patient.server.counts().refreshes < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(patient.server.counts().refreshes_in_flight_max, 2);
    assert!(!waiting.is_finished());
    patient.server.recover(Endpoint::Token);
    let (first, second) = waiting.await??;
    assert_eq!(first?, (Vec::new(), End::Closed));
    assert_eq!(second?, (Vec::new(), End::Closed));
    patient.goes_on_unharmed().await
}

#[tokio::test]
async fn right_answers_sent_badly() -> Outcome {
    let world = World::new();
    let mut patient = Patient::new(&world).await?;
    let pause = Duration::from_millis(1);
    for fault in [Fault::Mislabelled("text/html"), Fault::Drip(pause), Fault::Delay(pause), Fault::Late(pause)] {
        let answer = patient.meet(fault.clone()).await?;
        assert!(answer.whole, "{fault:?}");
        let label = if fault == Fault::Mislabelled("text/html") { "text/html" } else { "application/json" };
        assert_eq!(answer.field("content-type"), Some(label));
        patient.refresh = tokens(&answer)?.refresh.ok_or("not rotated")?;
    }
    patient.goes_on_unharmed().await
}

#[tokio::test]
async fn answers_lost_on_the_way_back() -> Outcome {
    for (loss, end) in [(Loss::Unanswered, End::Closed), (Loss::Reset, End::Reset), (Loss::Midway, End::Closed)] {
        let world = World::new();
        let patient = Patient::new(&world).await?;
        patient.server.fail_times(Endpoint::Token, 1, &Fault::Lost(loss));
        let (bytes, seen) = patient.bytes().await?;
        assert_eq!(seen, end, "{loss:?}");
        match loss {
            Loss::Unanswered | Loss::Reset => assert!(bytes.is_empty()),
            Loss::Midway => assert!(!read(&bytes)?.whole),
        }
        patient.has_lost_an_answer().await?;
    }
    Ok(())
}

async fn is_refused(url: &Url) -> Outcome<bool> {
    match TcpStream::connect((url.host_str().ok_or("no host")?, url.port().ok_or("no port")?)).await {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(true),
        // It was let in just before the listener went away.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[tokio::test]
async fn silence_in_the_middle_of_a_body() -> Outcome {
    let world = World::new();
    let patient = Patient::new(&world).await?;
    patient.server.fail(Endpoint::Token, Fault::Stall);
    let mut stream = patient.send().await?;
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains(CANARY) {
        assert_ne!(stream.read_buf(&mut seen).await?, 0, "it ended");
    }
    patient.server.recover(Endpoint::Token);
    let (rest, end) = drain(stream).await?;
    seen.extend(rest);
    assert_eq!(end, End::Closed);
    assert!(!read(&seen)?.whole);
    patient.goes_on_unharmed().await
}

#[tokio::test]
async fn a_world_that_is_dropped_refuses_everything() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    let url = server.mcp_url();
    assert!(!is_refused(&url).await?);
    drop(world);
    assert!(!is_refused(&url).await?, "the handle keeps it");
    drop(server);
    while !is_refused(&url).await? {
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_host_that_is_down_refuses_and_comes_up_on_the_same_port() -> Outcome {
    let world = World::new();
    let patient = Patient::new(&world).await?;
    patient.server.fail(Endpoint::Token, Fault::Hang);
    let cut = patient.send().await?;
    while patient.server.counts().refreshes < 1 {
        tokio::task::yield_now().await;
    }
    for _ in 0..2 {
        patient.server.go_down(Host::AuthorizationServer).await?;
        assert!(is_refused(&patient.server.url(Endpoint::Token)).await?);
    }
    assert!(drain(cut).await?.0.is_empty());
    // The other host is as it was.
    assert_eq!(crate::mcp::call(&patient.server, None, "echo").await?.status, 401);
    patient.server.come_up(Host::AuthorizationServer).await?;
    patient.server.come_up(Host::AuthorizationServer).await?;
    patient.server.recover(Endpoint::Token);
    patient.goes_on_unharmed().await
}

#[tokio::test]
async fn numbered_faults_go_before_the_standing_one_and_recovery_ends_both() -> Outcome {
    let world = World::new();
    let patient = Patient::new(&world).await?;
    patient.server.fail(Endpoint::Token, Fault::Empty(StatusCode::BAD_GATEWAY));
    patient.server.fail_times(Endpoint::Token, 1, &Fault::Empty(StatusCode::REQUEST_TIMEOUT));
    patient.server.fail_times(Endpoint::Token, 1, &Fault::Empty(StatusCode::TOO_EARLY));
    for expected in [408, 425, 502, 502] {
        assert_eq!(read(&patient.bytes().await?.0)?.status, expected);
    }
    patient.server.recover(Endpoint::Token);
    patient.goes_on_unharmed().await
}
