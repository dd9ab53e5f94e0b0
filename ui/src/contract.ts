// The shapes of the control API, written by hand until they are generated from its OpenAPI document.

export type Phase =
  | "starting" | "running" | "auth_retrying" | "unauthenticated" | "unhealthy"
  | "stopping" | "stopped" | "error" | "removing" | "unknown" | "policy_stopped";

export type Grant = "authorization_code" | "client_credentials" | "bearer";

export type Severity = "info" | "warning" | "error";

export interface Condition {
  code: string;
  severity: Severity;
  title: string;
  text: string;
  remedy: string;
}

export interface Workload {
  name: string;
  url: string;
  endpoint: string;
  grant: Grant;
  status: Phase;
  reason_code: string | null;
  reason: string | null;
  since: string;
  next_attempt_at: string | null;
  ends_at: string | null;
  expires_at: string | null;
  last_success_at: string | null;
  account: string | null;
  issuer: string | null;
  signing_in: boolean;
  conditions: Condition[];
  remedy: string | null;
}

export interface Snapshot {
  workloads: Workload[];
  conditions: Condition[];
}

export interface Span {
  from: string;
  to: string;
  status: Phase;
}

export interface History {
  from: string;
  to: string;
  workloads: Record<string, Span[]>;
}

export interface Row {
  id: number;
  time: string;
  workload: string;
  kind: "attempt" | "status" | "trigger" | "login" | "notice" | "store" | "engine";
  from: Phase | null;
  to: Phase | null;
  verdict: string | null;
  http_status: number | null;
  reason_code: string | null;
  reason: string | null;
  detail: string | null;
  episode: number | null;
}

export type Look =
  | "open" | "sign_in_needed" | "token_accepted" | "token_refused" | "token_unverified"
  | { not_mcp: string } | { unreachable: string };

export interface Asked {
  issuer: string;
  scopes: string[];
}

export type Added = Workload & { look: Look; asks: Asked | null };

export interface NewWorkload {
  name: string;
  url: string;
  client_id?: string | null;
  client_secret?: string | null;
  scopes?: string[];
  grant?: Grant | null;
  bearer?: string | null;
  headers?: Record<string, string>;
}

export interface LoginStarted {
  authorization_url: string;
  flow: number;
}

export interface Reauthenticated {
  signed_in: boolean;
  sign_in: LoginStarted | null;
}

export interface Outcome {
  workload: string;
  signed_in: boolean;
  reason: string | null;
}

export interface TokenSetting {
  key: string;
  value: string;
  default: string;
  source: "default" | "file" | "environment";
  variable: string;
}

export type Theme = "system" | "light" | "dark";

export interface Settings {
  token: TokenSetting[];
  desktop: { notifications: boolean; theme: Theme };
  listen: string;
  secret_store: string;
  files: { config: string; journal: string; log: string; engine: string };
  version: string;
}

export interface SettingsChange {
  token?: Record<string, string | null>;
  desktop?: { notifications?: boolean; theme?: Theme };
}

export interface Problem {
  detail: string;
  code: string;
  status: number;
  field?: string | null;
  hint?: string | null;
}

/** What each operation takes as its body and gives back. */
export interface Operations {
  list: { body: void; answer: Snapshot };
  add: { body: NewWorkload; answer: Added };
  remove: { body: void; answer: unknown };
  retry: { body: void; answer: void };
  start: { body: void; answer: void };
  stop: { body: void; answer: void };
  logout: { body: void; answer: unknown };
  reauthenticate: { body: void; answer: Reauthenticated };
  outcome: { body: void; answer: Outcome };
  cancel_login: { body: void; answer: void };
  rows: { body: void; answer: { events: Row[] } };
  history: { body: void; answer: History };
  settings: { body: void; answer: Settings };
  change_settings: { body: SettingsChange; answer: Settings };
  simulated_server: { body: void; answer: { url: string } };
}

export type Operation = keyof Operations;

/** Method and path of each operation, below `/api/v1`. */
export const operations: Record<Operation, { method: string; path: string }> = {
  list: { method: "GET", path: "/workloads" },
  add: { method: "POST", path: "/workloads" },
  remove: { method: "DELETE", path: "/workloads/{name}" },
  retry: { method: "POST", path: "/workloads/{name}/retry" },
  start: { method: "POST", path: "/workloads/{name}/start" },
  stop: { method: "POST", path: "/workloads/{name}/stop" },
  logout: { method: "POST", path: "/workloads/{name}/logout" },
  reauthenticate: { method: "POST", path: "/workloads/{name}/reauthenticate" },
  outcome: { method: "GET", path: "/workloads/{name}/login/{flow}" },
  cancel_login: { method: "POST", path: "/workloads/{name}/cancel-login" },
  rows: { method: "GET", path: "/journal" },
  history: { method: "GET", path: "/history" },
  settings: { method: "GET", path: "/settings" },
  change_settings: { method: "PATCH", path: "/settings" },
  simulated_server: { method: "POST", path: "/simulated-server" },
};
