//! HTTP by hand: what was sent, byte for byte, and how the connection ended.

use std::error::Error;
use std::fmt::Write as _;
use std::io::ErrorKind;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

/// What a test comes to.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Closed,
    Reset,
}

/// Everything a server sent until it ended the connection.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    /// Without the framing of `chunked`.
    pub(crate) body: Vec<u8>,
    /// Whether the body has the length it was announced with.
    pub(crate) whole: bool,
}

impl Answer {
    /// The value of a header field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> Outcome<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Connects and sends one request.
pub(crate) async fn send(method: &str, url: &Url, fields: &[(&str, &str)], body: &str) -> Outcome<TcpStream> {
    let address = format!("{}:{}", url.host_str().ok_or("no host")?, url.port().ok_or("no port")?);
    let mut stream = TcpStream::connect(&address).await?;
    let target = &url[url::Position::BeforePath..];
    let mut request = format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in fields {
        write!(request, "{name}: {value}\r\n")?;
    }
    write!(request, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    stream.write_all(request.as_bytes()).await?;
    Ok(stream)
}

/// Reads to the end, whatever it is.
pub(crate) async fn drain(mut stream: TcpStream) -> Outcome<(Vec<u8>, End)> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes).await {
        Ok(_) => Ok((bytes, End::Closed)),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok((bytes, End::Reset)),
        Err(error) => Err(error.into()),
    }
}

/// One request and its whole answer.
pub(crate) async fn exchange(method: &str, url: &Url, fields: &[(&str, &str)], body: &str) -> Outcome<Answer> {
    let (bytes, _) = drain(send(method, url, fields, body).await?).await?;
    read(&bytes)
}

pub(crate) async fn get(url: &Url) -> Outcome<Answer> {
    exchange("GET", url, &[], "").await
}

/// Reads what an answer is made of.
pub(crate) fn read(bytes: &[u8]) -> Outcome<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").ok_or("no head")?;
    let head = String::from_utf8(bytes[..end].to_vec())?;
    let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
    let mut answer = Answer { status, head, body: bytes[end + 4..].to_vec(), whole: true };
    if answer.field("transfer-encoding") == Some("chunked") {
        (answer.body, answer.whole) = unchunk(&answer.body)?;
    } else if let Some(length) = answer.field("content-length") {
        answer.whole = answer.body.len() == length.parse::<usize>()?;
    }
    Ok(answer)
}

fn unchunk(mut framed: &[u8]) -> Outcome<(Vec<u8>, bool)> {
    let mut body = Vec::new();
    while let Some(line) = framed.windows(2).position(|window| window == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&framed[..line])?, 16)?;
        if length == 0 {
            return Ok((body, true));
        }
        let chunk = &framed[line + 2..];
        if chunk.len() < length + 2 {
            break;
        }
        body.extend_from_slice(&chunk[..length]);
        framed = &chunk[length + 2..];
    }
    Ok((body, false))
}
