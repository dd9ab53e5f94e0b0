//! nginx as a rival: one worker, connections kept on both sides, the token put in on the way.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::measure::child::Child;
use crate::measure::lamplighter::TOKEN;

/// What it refuses a call with, where it is asked for `/refused`: about as long as what Lamplighter says.
const REFUSAL: &str = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"tools is waiting for the network: next try in 1 s","data":{"status":"auth_retrying","retry_after_seconds":1,"reason":"the sign-in server answered 403 with a web page","remedy":"see whether a firewall stands in the way"}}}"#;

/// A running nginx: `/mcp` as it does by default, and what is below passes as it comes, without being collected first.
pub(crate) struct Nginx {
    pub(crate) process: Child,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Nginx {
    /// nginx before `upstream`.
    pub(crate) async fn before(upstream: SocketAddr) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // nginx cannot say which port it was given; this one was free a moment ago.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let at = folder.path().display();
        let configuration = format!(
            "daemon off; master_process off; pid {at}/nginx.pid; error_log {at}/error.log;
             events {{ worker_connections 20000; }}
             http {{
                 access_log off; keepalive_requests 1000000000;
                 client_body_temp_path {at}/body; proxy_temp_path {at}/proxy;
                 fastcgi_temp_path {at}/fastcgi; uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;
                 upstream tools {{ server {upstream}; keepalive 64; keepalive_requests 1000000000; }}
                 server {{
                     listen {address}; proxy_http_version 1.1; proxy_read_timeout 1h;
                     proxy_set_header Connection \"\"; proxy_set_header Authorization \"Bearer {TOKEN}\";
                     location = /mcp {{ proxy_pass http://tools; }}
                     location / {{ proxy_pass http://tools; proxy_buffering off; }}
                     location = /refused {{ default_type application/json; add_header Retry-After 1 always; return 503 '{REFUSAL}'; }}
                 }}
             }}"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, configuration)?;
        // Debian keeps it where the search path of an ordinary user does not lead.
        let debian = Path::new("/usr/sbin/nginx");
        let mut command = Command::new(if debian.is_file() { debian } else { Path::new("nginx") });
        command.arg("-c").arg(&file).arg("-e").arg(folder.path().join("error.log")).stderr(Stdio::null());
        let process = Child::start(&mut command).context("no nginx\nhint: `cargo xtask bench` installs it")?;
        crate::measure::child::reachable(address).await?;
        Ok(Self { process, address, _folder: folder })
    }
}
