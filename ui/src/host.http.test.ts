import { describe, expect, it, vi } from "vitest";
import { now, problem, snapshot, workload } from "../tests/stage/samples";
import { Away, KeyNeeded, type Listener, Refused } from "./host";
import { address, type Browser, httpHost } from "./host.http";

type Reply = Response | Error | ((request: Request) => Response | Promise<Response>);

/** A browser whose engine answers with `replies`, one after the other, and which notes what it was asked. */
function browser(replies: Reply[], differing: { key?: string; hash?: string; pathname?: string } = {}) {
  const kept = new Map<string, string>(
    differing.key === undefined
      ? [["lamplighter-key", "K"]]
      : differing.key
        ? [["lamplighter-key", differing.key]]
        : [],
  );
  const asked: Request[] = [];
  const waits: number[] = [];
  const made: Browser = {
    async fetch(input, init) {
      const request = new Request(new URL(String(input), "http://127.0.0.1:4114"), init);
      asked.push(request);
      const reply = replies.shift();
      if (reply === undefined) return new Promise(() => {});
      if (reply instanceof Error) throw reply;
      return typeof reply === "function" ? reply(request) : reply;
    },
    location: { hash: differing.hash ?? "", pathname: differing.pathname ?? "/" },
    history: { replaceState: vi.fn() },
    storage: {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => void kept.set(name, value),
      removeItem: (name) => void kept.delete(name),
    },
    open: vi.fn(),
    copy: vi.fn(async () => {}),
    wait: async (milliseconds) => void waits.push(milliseconds),
  };
  return { made, asked, waits, kept };
}

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });

describe("the key", () => {
  it("is had for the code of a one-time address, which does not stay in the address", async () => {
    const { made, asked, kept } = browser([json({ key: "session" })], { key: "", hash: "#CODE", pathname: "/signin" });
    await httpHost(made);
    expect(new URL(asked[0]!.url).pathname).toBe("/signin");
    expect(await asked[0]!.json()).toEqual({ code: "CODE" });
    expect(kept.get("lamplighter-key")).toBe("session");
    expect(made.history.replaceState).toHaveBeenCalledWith(null, "", "/");
  });

  it("is needed where there is none, and where the code was used before", async () => {
    await expect(httpHost(browser([], { key: "" }).made)).rejects.toThrow(KeyNeeded);
    const used = browser([json({}, 403)], { key: "", hash: "#OLD", pathname: "/signin" });
    await expect(httpHost(used.made)).rejects.toThrow(KeyNeeded);
  });

  it("goes with every call, and is forgotten when the engine refuses it", async () => {
    const { made, asked, kept } = browser([json(snapshot([])), json({}, 403)]);
    const host = await httpHost(made);
    await host.call("list");
    expect(asked[0]!.headers.get("authorization")).toBe("Bearer K");
    await expect(host.call("list")).rejects.toThrow(KeyNeeded);
    expect(kept.size).toBe(0);
  });
});

describe("a call", () => {
  it("fills the path, and the query with what is left", () => {
    expect(address("/workloads/{name}/login/{flow}", { name: "a b", flow: 7 })).toBe("/workloads/a%20b/login/7");
    expect(address("/journal", { workload: "a", limit: 5 })).toBe("/journal?workload=a&limit=5");
  });

  it("gives what the engine answers, also where that is nothing", async () => {
    const { made, asked } = browser([json(snapshot([workload("a")])), new Response(null, { status: 202 })]);
    const host = await httpHost(made);
    expect((await host.call("list")).workloads[0]!.name).toBe("a");
    expect(await host.call("retry", { name: "a" })).toBeUndefined();
    expect([asked[1]!.method, new URL(asked[1]!.url).pathname]).toEqual(["POST", "/api/v1/workloads/a/retry"]);
  });

  it("sends its body as JSON", async () => {
    const { made, asked } = browser([json({})]);
    await (await httpHost(made)).call("change_settings", {}, { desktop: { theme: "dark" } });
    expect(asked[0]!.method).toBe("PATCH");
    expect(asked[0]!.headers.get("content-type")).toBe("application/json");
    expect(await asked[0]!.json()).toEqual({ desktop: { theme: "dark" } });
  });

  it("fails with the engine's own words, or says that nothing answers", async () => {
    const taken = problem({ detail: "the name is taken", code: "name_taken", status: 409 });
    const { made } = browser([json(taken, 409), new TypeError("failed to fetch")]);
    const host = await httpHost(made);
    await expect(host.call("list")).rejects.toEqual(new Refused(taken));
    await expect(host.call("list")).rejects.toThrow(Away);
  });
});

it("opens web pages only", async () => {
  const { made } = browser([]);
  const host = await httpHost(made);
  await host.open("javascript:alert(1)");
  await host.open("file:///etc/passwd");
  expect(made.open).not.toHaveBeenCalled();
  await host.open("https://auth.example/authorize");
  expect(made.open).toHaveBeenCalledOnce();
});

describe("listening", () => {
  const stream = (...chunks: string[]) => new Response(new Blob(chunks).stream());
  const heard = () => {
    const seen: string[] = [];
    const listener: Listener = {
      snapshot: ({ workloads }) => seen.push(`snapshot ${workloads.length}`),
      journal: ({ id }) => seen.push(`row ${id}`),
      reachable: (is) => seen.push(is ? "reachable" : "away"),
      keyNeeded: () => seen.push("key needed"),
    };
    return { seen, listener };
  };
  const text = (event: string, data: unknown, id = "") =>
    `event: ${event}\n${id && `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;

  it("passes on what happens, however it is cut, and nothing that it does not know", async () => {
    const whole = `: hello\n\n${text("snapshot", snapshot([workload("a")]))}${text("notice", {})}${text("journal", { id: 4, time: now }, "4")}`;
    const { made } = browser([stream(whole.slice(0, 20), whole.slice(20))]);
    const { seen, listener } = heard();
    const end = (await httpHost(made)).listen(listener);
    await vi.waitFor(() => expect(seen).toEqual(["reachable", "snapshot 1", "row 4", "away"]));
    end();
  });

  it("looks for an engine that is away with growing patience, and asks for the rows it missed", async () => {
    const away = new TypeError("failed to fetch");
    const { made, asked, waits } = browser([stream(text("journal", { id: 9 }, "9")), ...Array(7).fill(away), stream()]);
    const { seen, listener } = heard();
    const end = (await httpHost(made)).listen(listener);
    await vi.waitFor(() => expect(seen.at(-2)).toBe("reachable"));
    expect(waits.slice(0, 8)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
    expect(asked[1]!.headers.get("last-event-id")).toBe("9");
    end();
  });

  it("ends when the key is no longer taken", async () => {
    const { made, asked } = browser([json({}, 403)]);
    const { seen, listener } = heard();
    (await httpHost(made)).listen(listener);
    await vi.waitFor(() => expect(seen).toEqual(["key needed"]));
    expect(asked).toHaveLength(1);
  });

  it("ends when nobody listens any more", async () => {
    const { made, asked } = browser([
      ({ signal }) => new Promise((_, fail) => signal.addEventListener("abort", () => fail(new Error("aborted")))),
    ]);
    const { seen, listener } = heard();
    const end = (await httpHost(made)).listen(listener);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    end();
    await vi.waitFor(() => expect(asked[0]!.signal.aborted).toBe(true));
    expect(seen).toEqual([]);
  });
});
