// Everything that the page can show, one engine a scene.

import type { Added, History, Row } from "../../src/contract";
import { Refused } from "../../src/host";
import { showing, type Staged, staged } from "./host";
import {
  ended,
  firewall,
  history,
  locked,
  offline,
  problem,
  retrying,
  row,
  snapshot,
  stopped,
  waiting,
  workload,
} from "./samples";

const notion = workload("notion", {
  url: "https://mcp.notion.com/mcp",
  account: "me@example.com",
  issuer: "https://mcp.notion.com",
});
const sentry = retrying("sentry", { url: "https://mcp.sentry.dev/mcp", issuer: "https://mcp.sentry.dev" });
const linear = ended("linear", {
  url: "https://mcp.linear.app/mcp",
  account: "me@example.com",
  issuer: "https://mcp.linear.app",
});
const github = stopped("github", { url: "https://api.githubcopilot.com/mcp/" });
const all = [notion, sentry, linear, github];

const days: History = history({
  notion: [
    ["running", 610],
    ["auth_retrying", 570],
    ["running", 0],
  ],
  sentry: [
    ["running", 74],
    ["auth_retrying", 0],
  ],
  linear: [
    ["unknown", 1_140],
    ["running", 700],
    ["auth_retrying", 640],
    ["running", 95],
    ["unauthenticated", 0],
  ],
  github: [
    ["running", 1_200],
    ["stopped", 0],
  ],
});

const because = { reason_code: "firewall", reason: "the sign-in server answered 403 with a web page" };
const happened: Row[] = [
  row("notion", -610, {
    kind: "status",
    from: "running",
    to: "auth_retrying",
    reason: "the sign-in server did not answer in time",
  }),
  row("notion", -570, { kind: "attempt", verdict: "ok" }),
  row("notion", -570, { kind: "status", from: "auth_retrying", to: "running" }),
  row("notion", -74, { kind: "attempt", verdict: "ok" }),
  row("notion", -14, { kind: "attempt", verdict: "ok" }),
  row("sentry", -194, { kind: "attempt", verdict: "ok" }),
  row("sentry", -78, { kind: "attempt", verdict: "transient", http_status: 403, ...because }),
  row("sentry", -77, { kind: "attempt", verdict: "transient", http_status: 403, ...because }),
  row("sentry", -74, { kind: "status", from: "running", to: "auth_retrying", ...because }),
  row("sentry", -74, { kind: "notice", ...because }),
  row("sentry", -33, { kind: "trigger", reason_code: "network_changed", reason: "the network changed" }),
  row("sentry", -33, { kind: "attempt", verdict: "transient", http_status: 403, ...because }),
  row("sentry", -4, { kind: "attempt", verdict: "transient", http_status: 403, ...because }),
];

const whole = (workloads = all): Staged =>
  staged(showing(...workloads), {
    history: () => days,
    rows: (parameters) => ({ events: happened.filter(({ workload }) => workload === parameters["workload"]) }),
    reauthenticate: () => ({
      signed_in: false,
      sign_in: { authorization_url: "https://auth.example/authorize", flow: 1 },
    }),
    outcome: () => new Promise(() => {}),
  });

const asking: Added = {
  ...ended("linear", {
    url: "https://mcp.linear.app/mcp",
    reason: "the server asks for a sign-in",
    reason_code: "sign_in_needed",
  }),
  look: "sign_in_needed",
  asks: { issuer: "https://auth.linear.app", scopes: ["issues:read", "issues:write"] },
};

/** An engine to which a server is added that answers as `answer` does. */
function adding(answer: () => Added | Promise<Added>, end: "waits" | "succeeds" = "waits"): Staged {
  const host = staged(showing(notion), {
    history: () => days,
    add: async () => {
      const added = await answer();
      host.say.snapshot(showing(notion, added));
      return added;
    },
    reauthenticate: () => ({
      signed_in: false,
      sign_in: { authorization_url: "https://auth.linear.app/authorize", flow: 1 },
    }),
    outcome: () => {
      if (end === "waits") return new Promise(() => {});
      host.say.snapshot(showing(notion, workload("linear")));
      return { workload: "linear", signed_in: true, reason: null };
    },
  });
  return host;
}

const offlineLamps = [notion, sentry, linear].map((of) =>
  retrying(of.name, { url: of.url, account: of.account, conditions: [offline], remedy: offline.remedy }),
);

export const scenes: Record<string, () => Staged> = {
  list: () => whole(),
  pair: () => whole([sentry, notion]),
  well: () =>
    whole([
      notion,
      workload("sentry", { url: sentry.url }),
      workload("linear", { url: linear.url, account: linear.account }),
    ]),
  offline: () => staged(snapshot(offlineLamps, [offline]), { history: () => days }),
  locked: () =>
    staged(
      snapshot(
        [waiting("notion", { url: notion.url, account: notion.account }), waiting("sentry", { url: sentry.url })],
        [locked],
      ),
      { history: () => days },
    ),
  "no-browser": () => {
    const host = whole([notion, { ...linear, signing_in: true }]);
    host.open = () => Promise.reject(new Error("no browser could be opened"));
    return host;
  },
  empty: () => staged(showing()),
  away: () => whole(),
  add: () => adding(() => asking),
  "add-signed-in": () => adding(() => asking, "succeeds"),
  "add-unreachable": () =>
    adding(() => ({ ...asking, look: { unreachable: "the server's name could not be found" }, asks: null })),
  "add-refused": () =>
    adding(() =>
      Promise.reject(
        new Refused(
          problem({
            detail: 'url: "http" is for this machine only',
            code: "invalid",
            status: 422,
            field: "url",
            hint: "write https://",
          }),
        ),
      ),
    ),
  troubles: () =>
    whole([
      workload("notion", {
        conditions: [
          {
            ...firewall,
            severity: "error",
            code: "needs_more_access",
            title: "More access needed",
            text: "The server wants more access than this login was given: pages:write.",
            remedy: "To grant it, choose Sign in, or run `lamplighter login notion`.",
          },
        ],
      }),
      workload("sentry", {
        status: "unhealthy",
        reason: "the server keeps answering 502",
        next_attempt_at: null,
        url: sentry.url,
      }),
      workload("figma", { status: "starting", next_attempt_at: null, expires_at: null }),
      ended("postgres", {
        grant: "bearer",
        reason: "the server refuses this login",
        remedy:
          "To give a new token, remove this server and add it again: `lamplighter rm postgres`, then `lamplighter add postgres URL --bearer-stdin`.",
      }),
    ]),
};
