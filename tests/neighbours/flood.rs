//! A program that floods the port: with connections, heads and bodies. Whoever has a key is served all the while.

use lamplighter_endurance::mcp::Session;
use lamplighter_endurance::patience::until;
use lamplighter_endurance::product::{NAME, Product};
use lamplighter_simulator::World;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const CONNECTIONS: u64 = 10_000;

/// Half a megabyte at a time, for as long as somebody takes it.
static PIECE: [u8; 1 << 19] = [b'x'; 1 << 19];

/// What process `id` has resident, in KiB, and how many files it has open.
fn used(id: u32) -> (u64, usize) {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let resident = resident.trim().trim_end_matches(" kB").parse().unwrap();
    (resident, std::fs::read_dir(format!("/proc/{id}/fd")).unwrap().count())
}

#[tokio::test]
async fn a_flood_keeps_no_client_out_and_takes_no_room() {
    let own = rlimit::increase_nofile_limit(CONNECTIONS + 1000).unwrap();
    let connections = CONNECTIONS.min(own.saturating_sub(200));
    let server = World::new().server("tools").unwrap();
    let product = Product::new("file");
    let engine = product.serve().await;
    product.sign_in(server.mcp_url().as_str()).await;
    let endpoint = product.done(&["endpoint", NAME, "--json"]).await;
    let address = product.engine_file()["address"].as_str().unwrap().to_owned();
    let client = Session::open(&endpoint).await;
    let before = used(engine.id());

    let mut held = Vec::new();
    for number in 0..connections {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let said = match number % 4 {
            0 => String::new(),
            1 => format!("POST /{NAME}/mcp HTTP/1.1\r\nHost: {address}\r\nX-Slow: "),
            2 => format!("GET /api/v1/workloads HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer guessed\r\n\r\n"),
            _ => format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n"),
        };
        stream.write_all(said.as_bytes()).await.unwrap();
        held.push(stream);
        if number % 500 == 0 {
            let call = usize::try_from(number).unwrap();
            assert!(client.echo(call).await.is_some_and(|answer| answer.status.is_success()), "call {number}");
            let newcomer = Session::open(&endpoint).await;
            assert!(newcomer.echo(call).await.is_some_and(|answer| answer.status.is_success()), "newcomer {number}");
        }
    }
    let during = used(engine.id());
    assert!(during.1 < before.1 + 1100, "files open before and now: {before:?}, {during:?}");
    assert!(during.0 < before.0 + 64 * 1024, "KiB resident before and now: {before:?}, {during:?}");
    drop(held);
    until("what the flood took to be free again", async || (used(engine.id()).1 < before.1 + 60).then_some(())).await;
    assert!(engine.terminate().await.success());
}

#[tokio::test]
async fn heads_and_bodies_without_end_are_given_up_and_not_kept() {
    let product = Product::new("memory");
    let engine = product.serve().await;
    let address = product.engine_file()["address"].as_str().unwrap().to_owned();
    let key = product.engine_file()["api_key"].as_str().unwrap().to_owned();
    let before = used(engine.id()).0;
    let length = "Content-Length: 1000000000000";
    for (what, head) in [
        ("a field", format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nX-Long: ")),
        ("a request line", "GET /".to_owned()),
        ("a body without a key", format!("POST /tools/mcp HTTP/1.1\r\nHost: {address}\r\n{length}\r\n\r\n")),
        (
            "a body for the control API",
            format!(
                "POST /api/v1/workloads HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n{length}\r\n\r\n"
            ),
        ),
    ] {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let flood = async {
            let mut sent = 0;
            while sent < 1 << 30 && stream.write_all(&PIECE).await.is_ok() {
                sent += PIECE.len();
            }
            sent
        };
        let sent = lamplighter_endurance::patience::within(what, flood).await;
        assert!(sent < 1 << 28, "{what}: {sent} bytes were taken");
        // The answer may have been lost in the reset.
        let _ = stream.read(&mut [0; 4096]).await;
        let now = used(engine.id()).0;
        assert!(now < before + 16 * 1024, "{what}: KiB resident before and now: {before}, {now}");
    }
    assert!(engine.terminate().await.success());
}
