import { describe, expect, it } from "vitest";
import {
  at,
  ended,
  firewall,
  history,
  locked,
  now,
  offline,
  retrying,
  snapshot,
  stopped,
  waiting,
  workload,
} from "../../tests/stage/samples";
import type { Condition, Workload } from "../contract";
import { type Begun, list, type RowView } from "./list";

const of = (workloads: Workload[], begun: Record<string, Begun> = {}) => list(snapshot(workloads), null, begun, now);
const only = (one: Workload, begun: Begun = {}): RowView => of([one], { [one.name]: begun }).rows[0]!;

describe("the order", () => {
  it("puts problems first, and keeps the configuration's order otherwise", () => {
    const all = [stopped("e"), workload("a"), retrying("b"), workload("c"), ended("d")];
    expect(of(all).rows.map(({ name }) => name)).toEqual(["d", "b", "a", "c", "e"]);
  });
});

describe("a row", () => {
  it("that runs is lit, and says when it renews", () => {
    const row = only(workload("notion", { account: "me@example.com" }));
    expect(row).toMatchObject({
      lamp: "lit",
      label: "running",
      next: "renews in 41 min",
      reason: null,
      action: null,
      where: "mcp.notion.example · me@example.com",
    });
  });

  it("that tries again counts down to the next try, and offers to try now", () => {
    const row = only(retrying("sentry"));
    expect(row).toMatchObject({
      lamp: "retrying",
      label: "trying again",
      next: "next try in 6:12",
      reason: firewall.text,
      action: "try-now",
    });
  });

  it("says that it is trying when the time has come", () => {
    expect(only(retrying("sentry", { next_attempt_at: at(0) })).next).toBe("trying now");
  });

  it("that needs a sign-in says why in a sentence, and offers it", () => {
    const row = only(ended("linear"));
    expect(row).toMatchObject({
      lamp: "needs-you",
      label: "sign-in needed",
      next: null,
      reason: "The server ended this login.",
      action: "sign-in",
      asks: true,
    });
  });

  it("without a way to its server is tried again like any other", () => {
    expect(only(retrying("sentry", { conditions: [offline] })).lamp).toBe("retrying");
  });

  it("says nothing that a banner says of all", () => {
    const beside = (condition: Condition) =>
      list(snapshot([retrying("a", { conditions: [condition], remedy: condition.remedy })], [condition]), null, {}, now)
        .rows[0]!;
    expect(beside(offline)).toMatchObject({ lamp: "retrying", label: "trying again", reason: null });
    expect(beside(offline).details).toMatchObject({ conditions: [], remedy: null });
  });

  it("that waits for the keychain leaves the words to the banner, and offers to try now", () => {
    const row = list(snapshot([waiting("a")], [locked]), null, {}, now).rows[0]!;
    expect(row).toMatchObject({ lamp: "needs-you", label: "starting", asks: false, reason: null, action: "try-now" });
    expect(row.details).toMatchObject({ conditions: [], remedy: null, actions: ["try-now", "stop", "remove"] });
  });

  it("says what helps once", () => {
    expect(only(retrying("a")).details).toMatchObject({ conditions: [firewall], remedy: null });
    const remedy = "Choose Sign in, or run `lamplighter login a`.";
    expect(only(ended("a", { conditions: [firewall] })).details).toMatchObject({ conditions: [firewall], remedy });
  });

  it("that runs, but wants more access, needs the person", () => {
    const condition = {
      ...firewall,
      code: "needs_more_access",
      severity: "error",
      title: "More access needed",
      text: "More.",
    } as const;
    expect(only(workload("notion", { conditions: [condition] }))).toMatchObject({
      lamp: "needs-you",
      label: "more access needed",
      asks: true,
      action: "sign-in",
      reason: "More.",
    });
  });

  it("whose token cannot be renewed says when it expires", () => {
    expect(only(workload("notion", { next_attempt_at: null })).next).toBe("expires in 46 min");
    expect(only(workload("notion", { next_attempt_at: null, expires_at: null })).next).toBeNull();
  });

  it("that is stopped offers to start, and says nothing else", () => {
    expect(only(stopped("github"))).toMatchObject({ lamp: "hollow", action: "start", next: null, reason: null });
  });

  it("with a pasted token offers no sign-in", () => {
    const row = only(ended("x", { grant: "bearer" }));
    expect(row).toMatchObject({ action: null, label: "new token needed" });
    expect(row.details.actions).not.toContain("sign-in");
  });

  it("offers everything that makes sense, and only that", () => {
    expect(only(workload("a")).details.actions).toEqual(["sign-in", "try-now", "stop", "sign-out", "remove"]);
    expect(only(stopped("a")).details.actions).toEqual(["start", "sign-out", "remove"]);
    expect(only(stopped("a", { grant: "bearer" })).details.actions).toEqual(["start", "remove"]);
    expect(only(workload("a", { status: "removing" })).details.actions).toEqual([]);
    expect(only(workload("a", { expires_at: null, last_success_at: null })).details.actions).not.toContain("sign-out");
  });

  it("waits for the browser wherever the sign-in was begun", () => {
    expect(only(ended("linear", { signing_in: true }))).toMatchObject({
      signingIn: { stage: "waiting" },
      action: null,
    });
    const begun: Begun = { signingIn: { stage: "asking" } };
    expect(only(ended("linear"), begun)).toMatchObject({ signingIn: { stage: "asking" }, action: null });
  });

  it("says for a while that a sign-in went well, and for longer that it did not", () => {
    const said = (well: boolean, ago: number) => only(workload("a"), { said: { well, text: "x", at: now - ago } }).said;
    expect(said(true, 1_000)).not.toBeNull();
    expect(said(true, 9_000)).toBeNull();
    expect(said(false, 9_000)).not.toBeNull();
  });

  it("has a strip where its day is known", () => {
    const view = list(snapshot([workload("a"), workload("b")]), history({ a: [["running", 0]] }), {}, now);
    expect(view.rows.map(({ strip }) => strip !== null)).toEqual([true, false]);
  });
});

describe("what is asked of the person", () => {
  it("is nothing while nothing needs them", () => {
    expect(of([workload("a"), retrying("b"), stopped("c")]).ask).toBeNull();
  });

  it("is one sign-in", () => {
    expect(of([workload("a"), ended("linear")]).ask).toEqual({
      workload: "linear",
      text: "linear needs you to sign in.",
      action: "sign-in",
    });
  });

  it("begins with the first of several", () => {
    expect(of([ended("a"), ended("b")]).ask).toMatchObject({ workload: "a", text: "a and b need you to sign in." });
    const many = ["a", "b", "c", "d"].map((name) => ended(name));
    expect(of(many).ask).toMatchObject({ text: "4 servers need you to sign in." });
  });

  it("passes over one whose sign-in is under way", () => {
    expect(of([ended("a", { signing_in: true })]).ask).toBeNull();
    expect(of([ended("a")], { a: { signingIn: { stage: "asking" } } }).ask).toBeNull();
  });

  it("is more access, where that is what a server wants", () => {
    const condition = {
      ...firewall,
      code: "needs_more_access",
      severity: "error",
      title: "More access needed",
    } as const;
    expect(of([workload("a", { conditions: [condition] })]).ask).toEqual({
      workload: "a",
      text: "a: more access needed.",
      action: "sign-in",
    });
  });

  it("is not what a banner asks for", () => {
    expect(of([waiting("a")]).ask).toBeNull();
  });

  it("leads to the row where no click of ours helps", () => {
    expect(of([ended("a", { grant: "bearer" })]).ask).toEqual({
      workload: "a",
      text: "a needs a new token.",
      action: null,
    });
  });

  it("is to try again where a client signs in by itself", () => {
    expect(of([ended("a", { grant: "client_credentials" })]).ask).toMatchObject({
      text: "a is not signed in.",
      action: "try-now",
    });
  });
});

describe("banners", () => {
  it("are what concerns all, the gravest first", () => {
    expect(list(snapshot([], [offline, locked]), null, {}, now).banners).toEqual([locked, offline]);
  });
});
