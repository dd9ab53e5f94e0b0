// Values to build on: a workload that is well, and what differs from it.

import type { Condition, History, Phase, Problem, Row, Settings, Snapshot, Workload } from "../../src/contract";

/** The moment at which every staged page stands still. */
export const now = Date.parse("2026-11-21T14:30:00Z");

const MINUTE = 60_000;

/** So many minutes from now; before it where negative. */
export const at = (minutes: number) => new Date(now + minutes * MINUTE).toISOString();

export function workload(name: string, differing: Partial<Workload> = {}): Workload {
  return {
    name,
    url: `https://mcp.${name}.example/mcp`,
    endpoint: `http://127.0.0.1:4114/${name}/mcp`,
    grant: "authorization_code",
    status: "running",
    reason_code: null,
    reason: null,
    since: at(-300),
    next_attempt_at: at(41.5),
    ends_at: null,
    expires_at: at(46),
    last_success_at: at(-14),
    account: null,
    issuer: `https://auth.${name}.example`,
    signing_in: false,
    conditions: [],
    remedy: null,
    ...differing,
  };
}

export const firewall: Condition = {
  code: "firewall",
  severity: "warning",
  title: "A firewall is in the way",
  text: "A firewall answered instead of the sign-in server.",
  remedy:
    "Connect to a network or VPN that lets you through. To try now, choose Try now, or run `lamplighter retry sentry`.",
};

export const offline: Condition = {
  code: "offline",
  severity: "warning",
  title: "Offline",
  text: "This machine seems to be offline.",
  remedy: "Nothing to do: it goes on when the network is back.",
};

export const locked: Condition = {
  code: "store_locked",
  severity: "error",
  title: "Your keychain is locked",
  text: "Saved logins can be read once it is unlocked; nothing is lost.",
  remedy:
    "Unlock your keychain; it goes on by itself then. To try now, choose Try now, or run `lamplighter retry --all`.",
};

export const retrying = (name: string, differing: Partial<Workload> = {}) =>
  workload(name, {
    status: "auth_retrying",
    reason_code: "firewall",
    reason: "the sign-in server answered 403 with a web page",
    since: at(-74),
    next_attempt_at: at(6.2),
    ends_at: at(1366),
    expires_at: at(-20),
    conditions: [firewall],
    remedy: firewall.remedy,
    ...differing,
  });

/** Waits for the keychain, as each one says by itself. */
export const waiting = (name: string, differing: Partial<Workload> = {}) => {
  const condition = {
    ...locked,
    title: "Secret store out of reach",
    text: "The saved login cannot be read: the secret store is locked.",
    remedy: locked.remedy.replace("--all", name),
  };
  return workload(name, {
    status: "starting",
    reason_code: "store_locked",
    reason: "the secret store is locked",
    since: at(-3),
    next_attempt_at: at(0.9),
    expires_at: null,
    conditions: [condition],
    remedy: condition.remedy,
    ...differing,
  });
};

export const ended = (name: string, differing: Partial<Workload> = {}) =>
  workload(name, {
    status: "unauthenticated",
    reason_code: "invalid_grant",
    reason: "the server ended this login",
    since: at(-95),
    next_attempt_at: null,
    expires_at: null,
    remedy: `Choose Sign in, or run \`lamplighter login ${name}\`.`,
    ...differing,
  });

export const stopped = (name: string, differing: Partial<Workload> = {}) =>
  workload(name, {
    status: "stopped",
    since: at(-1_200),
    next_attempt_at: null,
    expires_at: null,
    remedy: `Choose Start, or run \`lamplighter start ${name}\`.`,
    ...differing,
  });

export const snapshot = (workloads: Workload[], conditions: Condition[] = []): Snapshot => ({ workloads, conditions });

/** Spans that follow each other from a day ago: the state, and the minute before now at which it ends. */
export function history(days: Record<string, [Phase, number][]>): History {
  const spans = (day: [Phase, number][]) => {
    let from = at(-1_440);
    return day.map(([status, until]) => {
      const span = { from, to: at(-until), status };
      from = span.to;
      return span;
    });
  };
  const workloads = Object.fromEntries(Object.entries(days).map(([name, day]) => [name, spans(day)]));
  return { from: at(-1_440), to: at(0), workloads };
}

export const problem = (differing: Partial<Problem> = {}): Problem => ({
  type: "about:blank",
  title: "Unprocessable Content",
  status: 422,
  code: "invalid",
  detail: "no",
  ...differing,
});

let rows = 0;

export function row(workload: string, minutes: number, differing: Partial<Row>): Row {
  rows += 1;
  return {
    id: rows,
    time: at(minutes),
    workload,
    kind: "status",
    from: null,
    to: null,
    verdict: null,
    http_status: null,
    reason_code: null,
    reason: null,
    detail: null,
    episode: null,
    ...differing,
  };
}

const times: [string, string][] = [
  ["refresh_initial_retry_interval", "10s"],
  ["refresh_max_retry_interval", "2m"],
  ["refresh_max_tries", "5"],
  ["refresh_max_elapsed_time", "5m"],
  ["auth_retrying_tick_interval", "10m"],
  ["auth_retrying_max_elapsed", "24h"],
  ["refresh_margin", "20% of the lifetime, 5m at most"],
  ["caller_wait", "10s"],
  ["trigger_settle", "2s"],
];

export const settings: Settings = {
  token: times.map(([key, usual]) => ({
    key,
    value: key === "auth_retrying_tick_interval" ? "5m" : key === "caller_wait" ? "20s" : usual,
    default: usual,
    source: key === "auth_retrying_tick_interval" ? "file" : key === "caller_wait" ? "environment" : "default",
    variable: `LAMPLIGHTER_${key === "trigger_settle" ? "" : "TOKEN_"}${key.toUpperCase()}`,
  })),
  desktop: { notifications: true, theme: "system" },
  listen: "127.0.0.1:4114",
  secret_store: "keychain",
  files: {
    config: "/home/me/.config/lamplighter/config.toml",
    journal: "/home/me/.local/share/lamplighter/journal.db",
    log: "/home/me/.local/state/lamplighter/log",
    engine: "/home/me/.local/state/lamplighter/engine.json",
  },
  version: "0.1.0",
};
