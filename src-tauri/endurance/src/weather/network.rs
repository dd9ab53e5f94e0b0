//! A network of its own: a namespace that is this machine, two ways out of it, and the servers behind both. The first way
//! is a network as at home, the second a tunnel with a firewall at its end. Needs the rights to make namespaces.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use crate::child::Child;
use crate::foreign::{Servers, firewall};
use crate::product::Product;

/// What the servers are called by whoever asks the name server.
const NAME: &str = "weather.test";
/// As many networks there may be at once on one machine.
const NETWORKS: u8 = 200;

/// A machine in its network. Both are gone when this is dropped.
pub struct Network {
    number: u8,
    folder: TempDir,
    firewall: u16,
    _processes: [Child; 2],
}

impl Network {
    /// Makes one, with a way out. `None` where this user may not; that is said.
    pub async fn make() -> Option<Self> {
        let Some(number) = (0..NETWORKS).find(|number| ran(&format!("ip netns add lamp{number}"))) else {
            say("skipped: no network namespace can be made here (that takes the rights of root)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let at = Ends(number);
        for line in [
            format!("ip link add lamp{number}-home type veth peer name home netns lamp{number}"),
            format!("ip link add lamp{number}-tunnel type veth peer name tunnel netns lamp{number}"),
            format!("ip addr add {}/24 dev lamp{number}-home", at.home(1)),
            format!("ip addr add {}/32 dev lamp{number}-home", at.servers()),
            format!("ip addr add {}/24 dev lamp{number}-tunnel", at.tunnel(1)),
            format!("ip link set lamp{number}-home up"),
            format!("ip link set lamp{number}-tunnel up"),
            format!("ip -n lamp{number} link set lo up"),
            format!("ip -n lamp{number} addr add {}/24 dev home", at.home(2)),
            format!("ip -n lamp{number} addr add {}/24 dev tunnel", at.tunnel(2)),
        ] {
            must(&line);
        }
        certify(folder.path());
        let told = format!("/etc/netns/lamp{number}");
        std::fs::create_dir_all(&told).unwrap();
        std::fs::write(format!("{told}/resolv.conf"), at.name_server()).unwrap();
        let names = name_server(&at, folder.path());
        let door = door(folder.path(), &at.tunnel(1));
        let (wall, port) = firewall(&door, folder.path()).await;
        let network = Self { number, folder, firewall: port, _processes: [names, wall] };
        network.plug_in();
        Some(network)
    }

    /// The servers, behind both ways.
    pub async fn servers(&self, access_token_seconds: u32) -> Servers {
        Servers::start_at(access_token_seconds, &door(self.folder.path(), &self.ends().servers())).await
    }

    /// A new profile, whose programs run on this machine.
    pub fn product(&self) -> Product {
        let mut product = Product::new("file");
        for name in ["LAMPLIGHTER_EXTRA_CA_CERTS", "NODE_EXTRA_CA_CERTS"] {
            product.set(name, self.folder.path().join("authority.pem"));
        }
        product.after(format!(r#"exec ip netns exec lamp{} "$0" "$@"; "#, self.number))
    }

    /// Plugs the cable in: the way at home is there, as after an answer of DHCP.
    pub fn plug_in(&self) {
        self.here("link set home up");
        self.here(&format!("route replace default via {}", self.ends().home(1)));
    }

    /// Pulls the cable.
    pub fn unplug(&self) {
        self.here("link set home down");
    }

    /// Goes through the tunnel, at whose end something happens to everything.
    pub fn go_through_tunnel(&self, end: WayEnd) {
        self.end_way("tunnel", end);
        self.here("link set tunnel up");
        self.here(&format!("route replace default via {} dev tunnel", self.ends().tunnel(1)));
    }

    /// Leaves the tunnel, and goes the way at home again.
    pub fn leave_tunnel(&self) {
        self.here("link set tunnel down");
        self.clear();
        self.plug_in();
    }

    /// Asks a name server that answers nobody.
    pub fn lose_names(&self) {
        let nobody = self.ends().home(99);
        std::fs::write(self.resolver(), format!("nameserver {nobody}\noptions timeout:1 attempts:1\n")).unwrap();
    }

    /// Asks the right one again.
    pub fn find_names(&self) {
        std::fs::write(self.resolver(), self.ends().name_server()).unwrap();
    }

    /// Has something happen at the end of the way at home. Nothing about this machine changes.
    pub fn obstruct(&self, end: WayEnd) {
        self.end_way("home", end);
    }

    /// Ends that. Nothing about this machine changes.
    pub fn clear(&self) {
        must(&format!("nft delete table ip lamp{}", self.number));
    }

    /// What comes by `way` for the servers has this end.
    fn end_way(&self, way: &str, end: WayEnd) {
        let Self { number, firewall, .. } = self;
        let fate = match end {
            WayEnd::Firewall => format!("tcp dport != 53 dnat to {}:{firewall}", self.ends().tunnel(1)),
            WayEnd::Nothing => "meta l4proto tcp drop".to_owned(),
            WayEnd::Reset => "meta l4proto tcp reject with tcp reset".to_owned(),
            WayEnd::Loss => "meta l4proto tcp numgen random mod 100 < 30 drop".to_owned(),
        };
        let (kind, hook) = match end {
            WayEnd::Firewall => ("nat", "prerouting priority dstnat"),
            WayEnd::Nothing | WayEnd::Reset | WayEnd::Loss => ("filter", "input priority filter"),
        };
        must(&format!("nft add table ip lamp{number}"));
        must(&format!("nft add chain ip lamp{number} end {{ type {kind} hook {hook}; }}"));
        must(&format!("nft add rule ip lamp{number} end iifname lamp{number}-{way} {fate}"));
    }

    fn ends(&self) -> Ends {
        Ends(self.number)
    }

    fn resolver(&self) -> PathBuf {
        format!("/etc/netns/lamp{}/resolv.conf", self.number).into()
    }

    fn here(&self, order: &str) {
        must(&format!("ip -n lamp{} {order}", self.number));
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let number = self.number;
        // What is there of it; more cannot be done about the rest.
        for line in [
            format!("nft delete table ip lamp{number}"),
            format!("ip link del lamp{number}-home"),
            format!("ip link del lamp{number}-tunnel"),
            format!("ip netns del lamp{number}"),
        ] {
            ran(&line);
        }
        let _ = std::fs::remove_dir_all(format!("/etc/netns/lamp{number}"));
    }
}

/// What happens to everything at the end of a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayEnd {
    /// A firewall answers with a web page.
    Firewall,
    /// No connection comes about.
    Nothing,
    /// Connections are refused, and those that stand are cut off.
    Reset,
    /// Three packets of ten are lost.
    Loss,
}

/// Who has which address in the network of this number.
struct Ends(u8);

impl Ends {
    fn home(&self, host: u8) -> String {
        format!("10.77.{}.{host}", self.0)
    }

    fn tunnel(&self, host: u8) -> String {
        format!("10.78.{}.{host}", self.0)
    }

    fn servers(&self) -> String {
        format!("10.79.{}.1", self.0)
    }

    /// What the resolver is told.
    fn name_server(&self) -> String {
        format!("nameserver {}\n", self.servers())
    }
}

/// Answers for [`NAME`], on the address of the servers.
fn name_server(at: &Ends, folder: &Path) -> Child {
    let mut command = tokio::process::Command::new("dnsmasq");
    command.args(["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces"]);
    command.args([format!("--listen-address={}", at.servers()), format!("--address=/{NAME}/{}", at.servers())]);
    command.args(["--user=root", "--pid-file"]);
    Child::start("dnsmasq", command, folder)
}

/// Where a server listens that shows the certificate in `folder`.
fn door(folder: &Path, address: &str) -> [(&'static str, OsString); 4] {
    [
        ("ADDRESS", address.into()),
        ("NAME", NAME.into()),
        ("TLS_KEY", folder.join("key.pem").into()),
        ("TLS_CERT", folder.join("certificate.pem").into()),
    ]
}

/// Puts an authority, and a certificate of it for [`NAME`], into `folder`.
fn certify(folder: &Path) {
    let mut parameters = CertificateParams::new([]).unwrap();
    // A certificate whose issuer has its own name is taken for one that signed itself.
    parameters.distinguished_name.push(DnType::CommonName, "The authority of the weather");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([NAME.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    for (file, text) in
        [("authority.pem", authority.pem()), ("certificate.pem", certificate.pem()), ("key.pem", key.serialize_pem())]
    {
        std::fs::write(folder.join(file), text).unwrap();
    }
}

/// Whether `line` could be carried out.
fn ran(line: &str) -> bool {
    carried_out(line).is_some_and(|done| done.status.success())
}

fn must(line: &str) {
    let done = carried_out(line).unwrap_or_else(|| panic!("{line}: cannot be run (`cargo xtask test` installs it)"));
    assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
}

fn carried_out(line: &str) -> Option<Output> {
    let mut words = line.split_whitespace();
    Command::new(words.next()?).args(words).stdin(Stdio::null()).output().ok()
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn say(what: &str) {
    eprintln!("{what}");
}
