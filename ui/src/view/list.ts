// The list of workloads as a value: everything that it shows, decided; nothing drawn.

import type { Condition, History, Severity, Snapshot, Workload } from "../contract";
import { demand, type Lamp, lamp, rank } from "./lamp";
import { type Strip, strip } from "./strip";
import { clock, countdown, hostOf, inSentence, labels, list as names, sentence, span } from "./words";

/** What a click can do to a workload. */
export type Action = "sign-in" | "try-now" | "stop" | "start" | "sign-out" | "remove";

/** How far a sign-in is. */
export type SigningIn =
  | { stage: "asking" }
  /** `address` is not known of one that was begun elsewhere; `trouble` says why the browser could not be opened. */
  | { stage: "waiting"; address: string | null; trouble?: string };

/** How that ended which the person began here. */
export interface Said {
  well: boolean;
  text: string;
  at: number;
}

/** What this page knows of a workload beside the engine's word. */
export interface Begun {
  signingIn?: SigningIn;
  /** What the person asked for just now. */
  busy?: Action;
  said?: Said;
}

/** Good news is not news for long. */
const GOOD_NEWS = 8_000;

export interface RowView {
  name: string;
  lamp: Lamp;
  /** Host and account. */
  where: string;
  label: string;
  /** Whether the label asks something of the person; what a banner asks of them, it does not. */
  asks: boolean;
  /** What happens next and when, where something does. */
  next: string | null;
  /** Why it is as it is. */
  reason: string | null;
  signingIn: SigningIn | null;
  busy: Action | null;
  said: Said | null;
  /** The action that matters now. */
  action: Action | null;
  strip: Strip | null;
  details: Details;
}

export interface Details {
  url: string;
  endpoint: string;
  account: string | null;
  issuer: string | null;
  expires: string | null;
  since: string;
  /** What is wrong with this one alone. */
  conditions: Condition[];
  /** What helps, where no condition says it. */
  remedy: string | null;
  actions: Action[];
}

export interface Ask {
  workload: string;
  text: string;
  action: Action | null;
}

export interface ListView {
  /** The one thing that is asked of the person. */
  ask: Ask | null;
  banners: Condition[];
  rows: RowView[];
}

export function list(snapshot: Snapshot, history: History | null, begun: Record<string, Begun>, now: number): ListView {
  const sorted = snapshot.workloads.toSorted((one, other) => rank(one) - rank(other));
  return {
    ask: ask(sorted, begun),
    banners: gravestFirst(snapshot.conditions),
    rows: sorted.map((workload) => row(workload, snapshot.conditions, history, begun[workload.name] ?? {}, now)),
  };
}

const gravity: Record<Severity, number> = { info: 0, warning: 1, error: 2 };

function ask(sorted: Workload[], begun: Record<string, Begun>): Ask | null {
  const idle = (workload: Workload) => !workload.signing_in && !begun[workload.name]?.signingIn;
  const asking = sorted.filter((workload) => asks(workload) && idle(workload));
  const first = asking[0];
  if (!first) return null;
  const action = primary(first);
  if (action !== "sign-in") return { workload: first.name, text: need(first), action };
  const alike = asking.filter((workload) => primary(workload) === "sign-in").map(({ name }) => name);
  const text =
    alike.length === 1
      ? need(first)
      : alike.length <= 3
        ? `${names(alike)} need you to sign in.`
        : `${alike.length} servers need you to sign in.`;
  return { workload: first.name, text, action };
}

/** Whether something can be done about `workload` by itself; what all share, a banner asks for. */
function asks(workload: Workload): boolean {
  return workload.status === "unauthenticated" || (demand(workload) !== undefined && primary(workload) === "sign-in");
}

function need(workload: Workload): string {
  const { name, grant, status } = workload;
  if (status !== "unauthenticated") return `${name}: ${inSentence(demand(workload)?.title ?? "")}.`;
  switch (grant) {
    case "authorization_code":
      return `${name} needs you to sign in.`;
    case "client_credentials":
      return `${name} is not signed in.`;
    case "bearer":
      return `${name} needs a new token.`;
  }
}

function row(workload: Workload, shared: Condition[], history: History | null, begun: Begun, now: number): RowView {
  const spans = history?.workloads[workload.name];
  const signingIn = begun.signingIn ?? (workload.signing_in ? ({ stage: "waiting", address: null } as const) : null);
  const alone = apart(workload, shared);
  return {
    name: workload.name,
    lamp: lamp(workload),
    where: [hostOf(workload.url), workload.account].filter(Boolean).join(" · "),
    label: label(alone),
    asks: lamp(alone) === "needs-you",
    next: next(workload, now),
    reason: reason(alone),
    signingIn,
    busy: begun.busy ?? null,
    said: begun.said && !(begun.said.well && now - begun.said.at > GOOD_NEWS) ? begun.said : null,
    action: signingIn ? null : primary(workload),
    strip: spans ? strip(spans, now) : null,
    details: details(alone, now),
  };
}

/** What `workload` has to say that no banner says of all of them, and nothing of it twice. */
function apart(workload: Workload, shared: Condition[]): Workload {
  const said = new Set(shared.map(({ code }) => code));
  const conditions = workload.conditions.filter(({ code }) => !said.has(code));
  return {
    ...workload,
    conditions,
    reason: conditions.length < workload.conditions.length ? null : workload.reason,
    remedy: workload.conditions.some(({ remedy }) => remedy === workload.remedy) ? null : workload.remedy,
  };
}

function label(workload: Workload): string {
  const { status, grant } = workload;
  const asked = status === "unauthenticated" ? undefined : demand(workload);
  if (asked) return inSentence(asked.title);
  if (status === "unauthenticated" && grant === "client_credentials") return "not signed in";
  if (status === "unauthenticated" && grant === "bearer") return "new token needed";
  return labels[status];
}

/** A countdown where someone waits for it; a calm span where all is well. */
function next(workload: Workload, now: number): string | null {
  const until = (moment: string | null) => (moment === null ? null : Date.parse(moment) - now);
  const attempt = until(workload.next_attempt_at);
  const expiry = until(workload.expires_at);
  switch (workload.status) {
    case "auth_retrying":
    case "unhealthy":
    case "starting":
      if (attempt === null) return null;
      return attempt <= 0 ? "trying now" : `next try in ${countdown(attempt)}`;
    case "running":
      if (attempt !== null) return attempt <= 0 ? "renewing now" : `renews in ${span(attempt)}`;
      return expiry === null ? null : expiry <= 0 ? "expired" : `expires in ${span(expiry)}`;
    case "unauthenticated":
    case "stopping":
    case "stopped":
    case "error":
    case "removing":
    case "unknown":
    case "policy_stopped":
      return null;
  }
}

const gravestFirst = (conditions: Condition[]) =>
  conditions.toSorted((one, other) => gravity[other.severity] - gravity[one.severity]);

function reason(workload: Workload): string | null {
  const worst = gravestFirst(workload.conditions)[0];
  if (worst) return worst.text;
  return workload.reason && workload.status !== "stopped" ? sentence(workload.reason) : null;
}

function primary(workload: Workload): Action | null {
  const signIn = workload.grant === "authorization_code" ? "sign-in" : null;
  switch (workload.status) {
    case "unauthenticated":
      return signIn ?? (workload.grant === "client_credentials" ? "try-now" : null);
    case "running":
      return demand(workload) ? signIn : null;
    case "starting":
      return demand(workload) ? "try-now" : null;
    case "auth_retrying":
    case "unhealthy":
      return "try-now";
    case "stopped":
      return "start";
    case "stopping":
    case "error":
    case "removing":
    case "unknown":
    case "policy_stopped":
      return null;
  }
}

function details(workload: Workload, now: number): Details {
  const { url, endpoint, account, issuer, conditions, remedy } = workload;
  const since = Date.parse(workload.since);
  return {
    url,
    endpoint,
    account,
    issuer,
    expires: workload.expires_at && until(Date.parse(workload.expires_at) - now),
    since: `${clock(since, now)}, for ${span(now - since)}`,
    conditions,
    remedy,
    actions: actions(workload),
  };
}

const until = (left: number) => (left <= 0 ? "expired" : `in ${span(left)}`);

/** Everything that can be done, in the order of how much it takes away. */
function actions(workload: Workload): Action[] {
  const person = workload.grant === "authorization_code";
  switch (workload.status) {
    case "running":
    case "auth_retrying":
    case "unhealthy":
      return [
        ...(person ? ["sign-in" as const] : []),
        "try-now",
        "stop",
        ...(held(workload) ? ["sign-out" as const] : []),
        "remove",
      ];
    case "unauthenticated":
      return [...(person ? ["sign-in" as const] : []), "try-now", "stop", "remove"];
    case "starting":
      return ["try-now", "stop", "remove"];
    case "unknown":
    case "error":
      return ["stop", "remove"];
    case "stopped":
      // Of what is stopped the engine does not tell whether it holds a login.
      return ["start", ...(workload.grant === "bearer" ? [] : ["sign-out" as const]), "remove"];
    case "policy_stopped":
      return ["remove"];
    case "stopping":
    case "removing":
      return [];
  }
}

/** Whether there is a login to sign out of. */
function held(workload: Workload): boolean {
  return workload.grant !== "bearer" && (workload.last_success_at !== null || workload.expires_at !== null);
}
