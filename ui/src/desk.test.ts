import { describe, expect, it, vi } from "vitest";
import { ended, now, problem, row, settings, workload } from "../tests/stage/samples";
import { showing, staged } from "../tests/stage/host";
import { Desk } from "./desk.svelte";
import { Away, KeyNeeded, Refused } from "./host";

const started = { authorization_url: "https://auth.example/authorize", flow: 3 };
const refused = new Refused(problem({ detail: "the sign-in server did not answer", hint: "try again" }));

function desk(host: ReturnType<typeof staged>): Desk {
  const made = new Desk(host, () => now);
  made.follow();
  return made;
}

describe("signing in", () => {
  it("is quiet where that is enough", async () => {
    const host = staged(showing(ended("a")), { reauthenticate: () => ({ signed_in: true, sign_in: null }) });
    const page = desk(host);
    await page.signIn("a");
    expect(host.opened).toEqual([]);
    expect(page.begun["a"]?.said).toEqual({ well: true, text: "Signed in again; no browser was needed.", at: now });
  });

  it("opens the browser where it is not, and says how it ended where it was begun", async () => {
    let end = (_: { workload: string; signed_in: boolean; reason: string | null }): void => {};
    const host = staged(showing(ended("a")), {
      reauthenticate: () => ({ signed_in: false, sign_in: started }),
      outcome: () => new Promise((done) => (end = done)),
    });
    const page = desk(host);
    const signedIn = page.signIn("a");
    expect(page.begun["a"]).toEqual({ signingIn: { stage: "asking" } });
    await vi.waitFor(() =>
      expect(host.asked.at(-1)).toMatchObject({ operation: "outcome", parameters: { name: "a", flow: 3 } }),
    );
    expect(host.opened).toEqual([started.authorization_url]);
    expect(page.begun["a"]).toEqual({ signingIn: { stage: "waiting", address: started.authorization_url } });
    end({ workload: "a", signed_in: false, reason: "you refused" });
    await signedIn;
    expect(page.begun["a"]).toEqual({ said: { well: false, text: "You refused.", at: now } });
  });

  it("that is given up before it has begun opens nothing", async () => {
    let answer = (_: { signed_in: boolean; sign_in: typeof started }): void => {};
    const host = staged(showing(ended("a")), { reauthenticate: () => new Promise((done) => (answer = done)) });
    const page = desk(host);
    const signedIn = page.signIn("a");
    await page.cancel("a");
    expect(page.begun["a"]).toEqual({});
    answer({ signed_in: false, sign_in: started });
    await signedIn;
    expect(host.opened).toEqual([]);
    expect(host.asked.at(-1)).toMatchObject({ operation: "cancel_login" });
  });

  it("goes on without a browser, with the address to open by hand", async () => {
    const host = staged(showing(ended("a")), {
      reauthenticate: () => ({ signed_in: false, sign_in: started }),
      outcome: () => new Promise(() => {}),
    });
    host.open = () => Promise.reject(new Error("no browser could be opened"));
    const page = desk(host);
    void page.signIn("a");
    const waiting = { stage: "waiting", address: started.authorization_url, trouble: "No browser could be opened." };
    await vi.waitFor(() => expect(page.begun["a"]).toEqual({ signingIn: waiting }));
  });

  it("that was begun elsewhere is taken up here, and ends here", async () => {
    const host = staged(showing(ended("a", { signing_in: true })), {
      reauthenticate: () => ({ signed_in: false, sign_in: started }),
      outcome: () => ({ workload: "a", signed_in: true, reason: null }),
    });
    const page = desk(host);
    await page.visit("a");
    expect(host.opened).toEqual([started.authorization_url]);
    expect(page.begun["a"]?.said).toMatchObject({ well: true, text: "Signed in." });
  });

  it("is opened again without asking the engine, and says where that fails", async () => {
    const host = staged(showing(ended("a")), {
      reauthenticate: () => ({ signed_in: false, sign_in: started }),
      outcome: () => new Promise(() => {}),
    });
    const page = desk(host);
    void page.signIn("a");
    await vi.waitFor(() => expect(host.asked.at(-1)).toMatchObject({ operation: "outcome" }));
    const asked = host.asked.length;
    await page.visit("a");
    expect(host.opened).toEqual([started.authorization_url, started.authorization_url]);
    host.open = () => Promise.reject(new Error("no browser could be opened"));
    await page.visit("a");
    expect(host.asked).toHaveLength(asked);
    expect(page.begun["a"]?.signingIn).toMatchObject({ trouble: "No browser could be opened." });
  });

  it("that cannot begin says why, and what to do", async () => {
    const page = desk(staged(showing(ended("a")), { reauthenticate: () => Promise.reject(refused) }));
    await page.signIn("a");
    expect(page.begun["a"]?.said?.text).toBe("The sign-in server did not answer. Try again.");
  });

  it("begun anew is not ended by the one before", async () => {
    const ends: (() => void)[] = [];
    const host = staged(showing(ended("a")), {
      reauthenticate: () => ({ signed_in: false, sign_in: started }),
      outcome: () =>
        new Promise((done) => ends.push(() => done({ workload: "a", signed_in: false, reason: "overtaken" }))),
    });
    const page = desk(host);
    const first = page.signIn("a");
    await vi.waitFor(() => expect(ends).toHaveLength(1));
    void page.signIn("a");
    await vi.waitFor(() => expect(ends).toHaveLength(2));
    ends[0]!();
    await first;
    expect(page.begun["a"]?.signingIn).toMatchObject({ stage: "waiting" });
  });
});

describe("actions", () => {
  it.each([
    ["try-now", "retry"],
    ["stop", "stop"],
    ["start", "start"],
    ["sign-out", "logout"],
    ["remove", "remove"],
  ] as const)("%s is %s", async (action, operation) => {
    const host = staged(showing(workload("a")), { logout: () => ({ revocation: "revoked" }) });
    await desk(host).act("a", action);
    expect(host.asked.at(-1)).toMatchObject({ operation, parameters: { name: "a" } });
  });

  it.each([
    ["revoked", true, "Signed out, here and at the server."],
    ["nothing_held", true, "There was no login to sign out of."],
    [{ failed: "it did not answer" }, false, /^Signed out here, .* It did not answer\.$/],
  ] as const)("sign-out tells how it went: %s", async (revocation, well, text) => {
    const page = desk(staged(showing(workload("a")), { logout: () => ({ revocation }) }));
    await page.act("a", "sign-out");
    expect(page.begun["a"]?.said).toMatchObject({ well, text: expect.stringMatching(text) });
  });

  it("that fail say so at their row", async () => {
    const page = desk(staged(showing(workload("a")), { stop: () => Promise.reject(refused) }));
    await page.act("a", "stop");
    expect(page.begun["a"]?.said?.well).toBe(false);
  });
});

it("asks for the day again when a state changes, and only then", async () => {
  const host = staged(showing(workload("a")));
  desk(host);
  const asked = () => host.asked.filter(({ operation }) => operation === "history").length;
  expect(asked()).toBe(1);
  host.say.snapshot(showing(workload("a", { next_attempt_at: null })));
  expect(asked()).toBe(1);
  host.say.snapshot(showing(ended("a")));
  expect(asked()).toBe(2);
});

it("keeps what a reader of the screen was told until there is something new", () => {
  const host = staged(showing(workload("a")));
  const page = desk(host);
  host.say.snapshot(showing(ended("a")));
  host.say.snapshot(showing(ended("a", { account: "me" })));
  expect(page.announcement).toBe("a: sign-in needed. The server ended this login.");
});

it("goes on with the journal of the open row, each row once", async () => {
  const rows = [row("a", -3, {}), row("a", -2, {})];
  const host = staged(showing(workload("a")), { rows: () => ({ events: rows }) });
  const page = desk(host);
  await page.read("a");
  const next = row("a", -1, {});
  for (const told of [rows[1]!, next, row("b", -1, {})]) host.say.journal(told);
  expect(page.journal?.rows).toEqual([...rows, next]);
});

it("loses no row that comes while the others are read", async () => {
  const [old, fresh] = [row("a", -2, {}), row("a", -1, {})];
  const host = staged(showing(workload("a")), {
    rows: () => {
      host.say.journal(fresh);
      return { events: [old] };
    },
  });
  const page = desk(host);
  await page.read("a");
  expect(page.journal).toEqual({ workload: "a", rows: [old, fresh], whole: true });
});

it("asks for what it missed when the engine is back", async () => {
  const host = staged(showing(workload("a")));
  const page = desk(host);
  await page.read("a");
  const before = host.asked.length;
  host.say.reachable(false);
  expect(page.reachable).toBe(false);
  host.say.reachable(true);
  expect(host.asked.slice(before).map(({ operation }) => operation)).toEqual(["history", "settings", "rows"]);
});

it("has the settings once the engine is back, where it was away when they were asked for", async () => {
  let answer = (): Promise<typeof settings> => Promise.reject(new Away());
  const host = staged(null, { settings: () => answer() });
  const page = desk(host);
  host.say.reachable(false);
  await page.loadSettings();
  expect(page.settings).toBeNull();
  answer = async () => settings;
  host.say.reachable(true);
  await vi.waitFor(() => expect(page.settings).toEqual(settings));
});

it("shows the day that was asked for last, whichever answer comes first", async () => {
  const answers: ((from: string) => void)[] = [];
  const host = staged(showing(workload("a")), {
    history: () => new Promise((done) => answers.push((from) => done({ from, to: "", workloads: {} }))),
  });
  const page = desk(host);
  host.say.snapshot(showing(ended("a")));
  answers[1]!("newer");
  await vi.waitFor(() => expect(page.history?.from).toBe("newer"));
  answers[0]!("older");
  await new Promise((done) => setTimeout(done));
  expect(page.history?.from).toBe("newer");
});

it("shows the settings as they hold, and keeps them where a change is refused", async () => {
  const dark = { ...settings, desktop: { ...settings.desktop, theme: "dark" as const } };
  const answers = [Promise.resolve(dark), Promise.reject(refused)];
  const page = desk(staged(showing(), { change_settings: () => answers.shift()! }));
  await page.changeSettings({ desktop: { theme: "dark" } });
  await expect(page.changeSettings({})).rejects.toThrow(Refused);
  expect(page.settings).toEqual(dark);
});

it("says that a key is needed, whoever finds that out", async () => {
  const page = desk(staged(showing(workload("a")), { stop: () => Promise.reject(new KeyNeeded()) }));
  await page.act("a", "stop");
  expect(page.keyNeeded).toBe(true);
});
