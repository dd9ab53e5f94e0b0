import { describe, expect, it } from "vitest";
import { ended, problem, workload } from "../../tests/stage/samples";
import type { Added, Look } from "../contract";
import { asks, blank, errors, filled, isFolded, request, steps, suggestName } from "./add";

describe("the name", () => {
  it.each([
    ["https://mcp.linear.app/mcp", "linear"],
    ["https://www.example.com/", "example"],
    ["https://Sentry.io/mcp", "sentry"],
    ["http://127.0.0.1:9001/mcp", "local"],
    ["http://[::1]:9001/mcp", "local"],
    ["http://localhost:9001/mcp", "local"],
    ["https://mcp.metrics.example/", "metrics-2"],
    ["not yet an addr", ""],
  ])("suggested for %s is %s", (url, name) => expect(suggestName(url, [])).toBe(name));

  it("is one that is free", () => {
    expect(suggestName("https://mcp.linear.app/mcp", ["linear", "linear-2"])).toBe("linear-3");
  });
});

describe("the request", () => {
  it("leaves out what was left empty", () => {
    const form = { ...blank, url: " https://a.example/mcp ", name: "a" };
    expect(request(form)).toEqual({ url: "https://a.example/mcp", name: "a", grant: "authorization_code" });
  });

  it("carries what the chosen way of signing in needs, and nothing of another", () => {
    const form = {
      ...blank,
      url: "u",
      name: "a",
      clientId: "me",
      clientSecret: "s",
      scopes: "read, write",
      bearer: "t",
      headers: "X-Team: a:b\n\n",
    };
    expect(request(form)).toMatchObject({
      client_id: "me",
      client_secret: "s",
      scopes: ["read", "write"],
      headers: { "X-Team": "a:b" },
    });
    expect(request(form)).not.toHaveProperty("bearer");
    const bearer = request({ ...form, grant: "bearer" });
    expect(bearer).toMatchObject({ bearer: "t", grant: "bearer" });
    expect(bearer).not.toHaveProperty("client_id");
  });
});

describe("an error", () => {
  it("stands at its field, without the field's name", () => {
    const found = errors(problem({ field: "url", detail: "url: it must be https", hint: "write https://" }));
    expect(found).toEqual({ url: "It must be https. Write https://." });
    expect(isFolded(Object.keys(found))).toBe(false);
  });

  it("finds the field of a part of it, and unfolds it", () => {
    expect(errors(problem({ field: "scopes[1]" }))).toEqual({ scopes: "No." });
    expect(errors(problem({ field: "headers.X-Team" }))).toEqual({ headers: "No." });
    expect(isFolded(Object.keys(errors(problem({ field: "client_secret" }))))).toBe(true);
  });

  it("of a taken name stands at the name", () => {
    expect(errors(problem({ code: "name_taken", status: 409 }))).toEqual({ name: "No." });
  });

  it("of nothing that is shown stands by itself", () => {
    expect(errors(problem({ field: "issuer" }))).toEqual({ form: "No." });
    expect(errors(problem({ code: "config_not_written" }))).toEqual({ form: "No." });
  });
});

const added = (look: Look, differing: Partial<Added> = {}): Added => ({
  ...ended("linear"),
  look,
  asks: null,
  ...differing,
});

describe("what a server asks for", () => {
  it.each([
    ["open", "mcp.linear.example answers without a sign-in.", true, false],
    ["sign_in_needed", "mcp.linear.example asks for a sign-in.", true, true],
    ["token_accepted", "mcp.linear.example takes the token.", true, false],
    ["token_unverified", "mcp.linear.example answers, but does not tell whether it takes the token.", true, false],
    [{ unreachable: "the name does not resolve" }, "The name does not resolve.", false, false],
    [{ not_mcp: "it answered 404" }, "It answered 404.", false, false],
  ] as [Look, string, boolean, boolean][])("after %j is told", (look, text, well, signIn) => {
    expect(asks(added(look))).toEqual({ text, well, signIn, scopes: [] });
  });

  it("names the place of the sign-in where it is another", () => {
    const found = asks(added("sign_in_needed", { asks: { issuer: "https://auth.linear.example/", scopes: ["read"] } }));
    expect(found).toMatchObject({
      text: "mcp.linear.example asks for a sign-in at auth.linear.example.",
      scopes: ["read"],
    });
  });

  it("is not a sign-in by a person where the client signs in by itself", () => {
    expect(asks(added("sign_in_needed", { grant: "client_credentials" })).signIn).toBe(false);
  });
});

describe("the steps", () => {
  const asking = added("sign_in_needed", { asks: { issuer: "https://mcp.linear.example", scopes: ["read", "write"] } });
  const last = (...given: [Parameters<typeof steps>[1], Parameters<typeof steps>[2]]) => steps(asking, ...given).at(-1);

  it("tell what was done and what is next", () => {
    expect(steps(asking, ended("linear"), {})).toEqual([
      { text: "linear is added.", state: "done" },
      { text: "mcp.linear.example asks for a sign-in.", state: "done" },
      { text: "It will be asked for: read, write.", state: "done" },
      { text: "Sign in with your browser.", state: "due" },
    ]);
  });

  it("follow the sign-in", () => {
    expect(last(ended("linear"), { signingIn: { stage: "asking" } })).toMatchObject({ state: "now" });
    expect(last(ended("linear"), { signingIn: { stage: "waiting", address: "x" } })).toEqual({
      text: "Signing in.",
      state: "now",
    });
    expect(last(ended("linear"), { said: { well: false, text: "You refused.", at: 0 } })).toEqual({
      text: "You refused.",
      state: "failed",
    });
    expect(last(workload("linear"), {})).toEqual({ text: "Signed in.", state: "done" });
  });

  it("say why a client that signs in by itself could not", () => {
    const own = { grant: "client_credentials" } as const;
    const given = steps(
      added("sign_in_needed", own),
      ended("linear", { ...own, reason: "the client is not known" }),
      {},
    );
    expect(given.at(-1)).toEqual({ text: "The client is not known.", state: "failed" });
  });

  it("end where there is nothing to sign in to", () => {
    expect(steps(added("open"), workload("linear"), {})).toHaveLength(2);
    expect(steps(added({ unreachable: "x" }), undefined, {}).at(-1)).toMatchObject({ state: "failed" });
  });
});

it("tells what is filled in, so that nothing of it is folded away", () => {
  expect(filled({ ...blank, url: "https://a.example", name: "a" })).toEqual(["url", "name"]);
  expect(isFolded(filled({ ...blank, url: "https://a.example" }))).toBe(false);
  expect(isFolded(filled({ ...blank, grant: "bearer" }))).toBe(true);
});
