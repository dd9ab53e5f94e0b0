//! The command line as it is written, and every word of its help.

use clap::{Args, Parser, Subcommand, ValueEnum};
use lamplighter_core::config::GrantKind;

/// Keeps remote MCP servers signed in, behind one address on this machine.
#[derive(Debug, Parser)]
#[command(
    name = "lamplighter",
    version,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 done, 1 failed, 2 bad usage or setting, 3 no engine is running, 4 no such workload,\n\
                  5 another engine holds the profile, 10 trying again (not your turn), 11 needs you.\n\n\
                  LAMPLIGHTER_HOME names the folder of a profile; without it the platform's usual folders are used."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the engine in the foreground
    ///
    /// Serves every workload on one loopback port until SIGINT or SIGTERM, then finishes what is under way.
    Serve,
    /// Open Lamplighter in a browser
    ///
    /// Prints an address on standard output, and opens it. It opens the engine that is running, once, within 15
    /// minutes; a session lasts until the engine stops.
    Open {
        /// Open no browser, only print the address
        #[arg(long)]
        no_browser: bool,
    },
    /// Watch a whole outage on this machine, with simulated servers and the real engine
    Demo {
        /// End after this many seconds
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=3600))]
        seconds: Option<u64>,
    },
    /// Add a workload, and say what its server asks for
    ///
    /// Takes one look at the server. Never opens a browser.
    Add(Box<Add>),
    /// Sign in to a workload
    ///
    /// Prints the sign-in address on standard output, opens it, and waits for the answer. Always a whole
    /// sign-in; `retry` is the quiet one.
    Login(Login),
    /// Sign out: revoke at the server where it can be, forget here always
    Logout(Named),
    /// Show what runs, what is trying again, and what needs you
    List {
        /// Show the stopped ones too
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Show one workload
    ///
    /// Exits 0 when it runs, 10 when it is trying again, 11 when it needs you.
    Status {
        #[command(flatten)]
        workload: Named,
        #[command(flatten)]
        format: Format,
    },
    /// Refresh now, whatever the state
    ///
    /// Client credentials that were refused are tried again. A stopped workload is not started by this.
    Retry(Retry),
    /// Start a stopped workload
    Start(Named),
    /// Stop a workload, and keep it stopped
    Stop(Named),
    /// Load a workload's login afresh, then refresh it
    Restart(Named),
    /// Stop a workload, forget its secrets, remove it
    Rm(Named),
    /// Show the local address of a workload, and the header that a client needs
    Endpoint {
        #[command(flatten)]
        workload: Named,
        #[command(flatten)]
        format: Format,
    },
    /// Show the journal: what happened, when and why
    Events(Events),
    /// Say what is wrong on this machine, and what to do
    ///
    /// Works without an engine too. Exits 0 when all is well, 1 when something is not. Never prints a secret.
    Doctor {
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The workload
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Format {
    /// Print one JSON document, and nothing else
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// What to call it: a-z, 0-9 and "-", 40 characters at most
    pub(crate) name: String,
    /// The server's MCP address: https, or http on this machine
    pub(crate) url: String,
    /// A client that is registered there already
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// Read that client's secret from standard input (or set `LAMPLIGHTER_CLIENT_SECRET`)
    #[arg(long, requires = "client_id", conflicts_with = "bearer_stdin")]
    pub(crate) client_secret_stdin: bool,
    /// Ask for this scope instead of those that the server names (repeat for more)
    #[arg(long = "scope", value_name = "S")]
    pub(crate) scopes: Vec<String>,
    /// Ask for a token for this resource instead of the one that the server names
    #[arg(long, value_name = "R", conflicts_with = "no_resource")]
    pub(crate) resource: Option<String>,
    /// Name no resource: some identity providers reject it
    #[arg(long)]
    pub(crate) no_resource: bool,
    /// Sign in at this authorization server instead of the one that the server names
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// How to obtain a token
    #[arg(long, value_enum, value_name = "GRANT")]
    pub(crate) grant: Option<Grant>,
    /// Read a token from standard input (or set `LAMPLIGHTER_BEARER`, with --grant bearer)
    #[arg(long)]
    pub(crate) bearer_stdin: bool,
    /// Send this header with every request; its value is kept as a secret (repeat for more)
    #[arg(long = "header", value_name = "K=V")]
    pub(crate) headers: Vec<String>,
}

/// The grants under the names that the configuration gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Grant {
    /// A person signs in with a browser
    AuthorizationCode,
    /// The client signs in by itself, with its secret
    ClientCredentials,
    /// A token that you have
    Bearer,
}

impl From<Grant> for GrantKind {
    fn from(grant: Grant) -> Self {
        match grant {
            Grant::AuthorizationCode => Self::AuthorizationCode,
            Grant::ClientCredentials => Self::ClientCredentials,
            Grant::Bearer => Self::Bearer,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Login {
    /// The workload
    pub(crate) name: String,
    /// Open no browser; the address at which one ends elsewhere can be pasted here
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Open no browser; print a code to enter in one on another device
    ///
    /// For a machine without a browser, where the server offers this (RFC 8628).
    #[arg(long)]
    pub(crate) device: bool,
    /// Wait no longer than this
    #[arg(long, value_name = "DURATION", default_value = "5m", allow_hyphen_values = true)]
    pub(crate) timeout: String,
    /// Ask again although the server has refused the like before
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Retry {
    /// The workload
    pub(crate) name: Option<String>,
    /// Every workload that is not stopped
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Events {
    /// Of this workload only
    pub(crate) name: Option<String>,
    /// Go on as things happen, until Ctrl-C
    #[arg(long)]
    pub(crate) follow: bool,
    /// Print JSON: one document, or with --follow one row a line
    #[arg(long)]
    pub(crate) json: bool,
}
