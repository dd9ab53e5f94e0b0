//! The way to the servers, and what the weather makes of it. Streams in memory; a server of hyper's at the other end.

use std::io::{Error, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{Response, Uri};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use lamplighter_engine::http::{Dialer, Wire};
use tokio::io::{DuplexStream, copy, copy_bidirectional, duplex, sink};

use super::server;
use super::world::{Life, World};

/// What is between the machine and all servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weather {
    Clear,
    /// No route.
    Offline,
    /// Nobody takes connections.
    Refused,
    /// What is sent is swallowed, on connections that stand too.
    Silent,
    /// A hotel's page, behind a redirect or at once.
    Portal {
        redirects: bool,
    },
    /// Somebody answers with a certificate of his own.
    Intercepted,
}

impl Weather {
    /// Everything but [`Weather::Clear`].
    pub(super) const BAD: [Self; 6] = [
        Self::Offline,
        Self::Refused,
        Self::Silent,
        Self::Portal { redirects: true },
        Self::Portal { redirects: false },
        Self::Intercepted,
    ];
}

/// The network as one life of the engine has it.
pub(super) struct Network {
    pub(super) world: Arc<World>,
    pub(super) life: Life,
}

impl Dialer for Network {
    fn dial(
        &self,
        destination: &Uri,
    ) -> BoxFuture<'static, Result<Box<dyn Wire>, Box<dyn std::error::Error + Send + Sync>>> {
        let (world, life) = (Arc::clone(&self.world), self.life.clone());
        let port = destination.port_u16().unwrap();
        Box::pin(async move {
            life.lasting(world.some_time(60)).await;
            let mut weather = *world.weather.lock().unwrap();
            // What nobody answers is sent again, after a second and then twice as long each time.
            let mut patience = Duration::from_secs(1);
            while weather == Weather::Silent {
                life.lasting(tokio::time::sleep(patience)).await;
                patience *= 2;
                weather = *world.weather.lock().unwrap();
            }
            match weather {
                Weather::Clear | Weather::Portal { .. } | Weather::Silent => {}
                Weather::Offline => return Err(Error::from(ErrorKind::NetworkUnreachable).into()),
                Weather::Refused => return Err(Error::from(ErrorKind::ConnectionRefused).into()),
                Weather::Intercepted => return Err(rustls::Error::General("nobody's certificate".to_owned()).into()),
            }
            let (near, middle) = duplex(64 * 1024);
            let (other, far) = duplex(64 * 1024);
            tokio::spawn(carry(Arc::clone(&world), life.clone(), middle, other));
            if let Weather::Portal { redirects } = weather {
                tokio::spawn(portal(redirects, far));
            } else {
                tokio::spawn(server::serve(world, life, port, far));
            }
            Ok(Box::new(near) as Box<dyn Wire>)
        })
    }
}

/// Carries what goes over one connection, until the weather changes: then it is cut, or goes silent.
async fn carry(world: Arc<World>, life: Life, mut near: DuplexStream, mut far: DuplexStream) {
    let changed = world.changed.notified();
    tokio::select! {
        biased;
        () = life.over() => return,
        () = changed => {}
        _ = copy_bidirectional(&mut near, &mut far) => return,
    }
    drop(far);
    let silent = *world.weather.lock().unwrap() == Weather::Silent || world.one_in(2);
    if silent {
        // Nobody tells the machine that what it sends goes nowhere.
        let (mut sent, _kept) = tokio::io::split(near);
        life.lasting(copy(&mut sent, &mut sink())).await.ok();
    }
}

async fn portal(redirects: bool, far: DuplexStream) {
    let service = service_fn(move |_| async move {
        let answer = if redirects {
            Response::builder().status(302).header("location", "http://portal.localhost/").body("")
        } else {
            Response::builder().header("content-type", "text/html").body("<!doctype html><title>Welcome</title>")
        };
        answer.map(|answer| answer.map(Full::<bytes::Bytes>::from))
    });
    let _ = http1::Builder::new().serve_connection(TokioIo::new(far), service).await;
}
