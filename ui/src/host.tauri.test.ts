import { expect, it, vi } from "vitest";
import { problem, snapshot, workload } from "../tests/stage/samples";
import { Refused } from "./host";
import { type Bridge, tauriHost } from "./host.tauri";

/** Commands fail with a sentence, and no more. */
class Failure {
  constructor(readonly sentence: string) {}
}

/** A process around the page that answers commands with `answers`, and notes what it was asked. */
function bridge(answers: Record<string, unknown>) {
  const asked: [string, unknown][] = [];
  const channels: ((message: unknown) => void)[] = [];
  const made: Bridge = {
    async invoke(command, payload) {
      asked.push([command, payload]);
      const answer = answers[command];
      if (answer instanceof Failure) throw answer.sentence;
      return answer as never;
    },
    channel(receive) {
      channels.push(receive as never);
      return channels.length;
    },
    wait: () => new Promise(() => {}),
  };
  return { made, asked, channels };
}

it("calls an operation by its name", async () => {
  const { made, asked } = bridge({ call: { status: 200, body: snapshot([workload("a")]) } });
  const answer = await tauriHost(made).call("rows", { workload: "a" });
  expect(answer).toEqual(snapshot([workload("a")]));
  expect(asked).toEqual([["call", { operation: "rows", parameters: { workload: "a" }, body: null }]]);
});

it("fails with the engine's own words, or those of the process", async () => {
  await expect(tauriHost(bridge({ call: { status: 422, body: problem() } }).made).call("list")).rejects.toEqual(
    new Refused(problem()),
  );
  await expect(tauriHost(bridge({ call: new Failure("no engine is running") }).made).call("list")).rejects.toThrow(
    "no engine is running",
  );
});

it("listens by a channel, and says when that has ended", async () => {
  let end = (): void => {};
  const { made, channels } = bridge({ events: new Promise<void>((done) => (end = done)) });
  const seen: unknown[] = [];
  const stop = tauriHost(made).listen({
    snapshot: (snapshot) => seen.push(snapshot),
    journal: (row) => seen.push(row.id),
    reachable: (is) => seen.push(is),
    keyNeeded: () => {},
  });
  channels[0]!({ event: "snapshot", data: snapshot([]) });
  channels[0]!({ event: "journal", data: { id: 3 } });
  expect(seen).toEqual([true, snapshot([]), true, 3]);
  end();
  await vi.waitFor(() => expect(seen.at(-1)).toBe(false));
  stop();
  channels[0]!({ event: "snapshot", data: snapshot([]) });
  expect(seen).toHaveLength(5);
});

it("begins where it is told to, and goes where it is told later", async () => {
  const { made, channels } = bridge({ place: { workload: "linear" } });
  const shown: unknown[] = [];
  tauriHost(made).places((place) => shown.push(place));
  await vi.waitFor(() => expect(shown).toEqual([{ workload: "linear" }]));
  channels[0]!({ screen: "settings" });
  expect(shown.at(-1)).toEqual({ screen: "settings" });
});

it("leaves browser, clipboard and autostart to the process around it", async () => {
  const { made, asked } = bridge({ autostart: true });
  const host = tauriHost(made);
  await host.open("https://auth.example/");
  await host.copy("text");
  expect(await host.autostart!.read()).toBe(true);
  await host.autostart!.write(false);
  expect(asked).toEqual([
    ["open", { address: "https://auth.example/" }],
    ["copy", { text: "text" }],
    ["autostart", undefined],
    ["set_autostart", { on: false }],
  ]);
});
