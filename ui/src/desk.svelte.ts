// What the page holds: the engine's word as it comes in, and what the person has begun here. Draws nothing and decides
// nothing that `view/` can decide.

import type { History, Row, Settings, SettingsChange, Snapshot } from "./contract";
import { type Host, KeyNeeded, Refused } from "./host";
import { blank, type Form } from "./view/add";
import { announce } from "./view/announce";
import type { Action, Begun, SigningIn } from "./view/list";
import { explain, sentence, signedOut } from "./view/words";

/** The most lines of the journal that a row shows. */
const JOURNAL = 60;

/** What is shown of the journal; `whole` when everything that came before has been read too. */
interface Journal {
  workload: string;
  rows: Row[];
  whole: boolean;
}

export class Desk {
  snapshot = $state.raw<Snapshot | null>(null);
  history = $state.raw<History | null>(null);
  settings = $state.raw<Settings | null>(null);
  reachable = $state(true);
  keyNeeded = $state(false);
  /** For screen readers. */
  announcement = $state("");
  /** By workload. */
  begun = $state.raw<Record<string, Begun>>({});
  journal = $state.raw<Journal | null>(null);
  /** What is typed into the form of a new server, until it is added or given up. */
  draft = $state<Form>({ ...blank });

  /** The newest thing begun at each workload: only that may say how it ended. */
  #newest = new Map<string, symbol>();
  /** How often the history was asked for. */
  #askedForHistory = 0;

  constructor(
    readonly host: Host,
    readonly now: () => number,
  ) {}

  /** Follows the engine until the function that it returns is called. */
  follow(): () => void {
    void this.loadSettings();
    return this.host.listen({
      snapshot: (snapshot) => this.#hear(snapshot),
      journal: (row) => this.#write(row),
      reachable: (is) => this.#reach(is),
      keyNeeded: () => (this.keyNeeded = true),
    });
  }

  #hear(snapshot: Snapshot): void {
    const states = (of: Snapshot | null) => of?.workloads.map(({ name, status }) => `${name} ${status}`).join();
    const changed = states(this.snapshot) !== states(snapshot);
    this.announcement = announce(this.snapshot, snapshot) || this.announcement;
    this.snapshot = snapshot;
    if (changed) void this.#loadHistory();
  }

  #write(row: Row): void {
    const shown = this.journal;
    if (shown?.workload === row.workload) this.journal = { ...shown, rows: together(shown.rows, [row]) };
  }

  /** What was missed while the engine could not be heard is asked for. */
  #reach(is: boolean): void {
    const back = is && !this.reachable;
    this.reachable = is;
    if (!back) return;
    void this.#loadHistory();
    void this.loadSettings();
    if (this.journal) void this.read(this.journal.workload);
  }

  /** Answers may overtake each other: only what was asked for last is shown. */
  async #loadHistory(): Promise<void> {
    this.#askedForHistory += 1;
    const turn = this.#askedForHistory;
    await this.#quietly(async () => {
      const history = await this.host.call("history");
      if (turn === this.#askedForHistory) this.history = history;
    });
  }

  async loadSettings(): Promise<void> {
    await this.#quietly(async () => (this.settings = await this.host.call("settings")));
  }

  async changeSettings(change: SettingsChange): Promise<void> {
    this.settings = await this.host.call("change_settings", {}, change);
  }

  /** Shows the journal of `workload`, and keeps it up to date until another is asked for. */
  async read(workload: string): Promise<void> {
    if (this.journal?.workload !== workload) this.journal = { workload, rows: [], whole: false };
    await this.#quietly(async () => {
      const { events } = await this.host.call("rows", { workload, limit: JOURNAL });
      if (this.journal?.workload !== workload) return;
      this.journal = { workload, rows: together(events, this.journal.rows), whole: true };
    });
  }

  /** What is only shown may fail: the page says elsewhere that the engine is away. */
  async #quietly(load: () => Promise<unknown>): Promise<void> {
    try {
      await load();
    } catch (error) {
      this.keyNeeded ||= error instanceof KeyNeeded;
    }
  }

  async act(name: string, action: Action): Promise<void> {
    if (this.begun[name]?.busy) return;
    if (action === "sign-in") return this.signIn(name);
    await this.#begin(name, { busy: action }, async (tell) => {
      if (action === "sign-out") {
        const { revocation } = await this.host.call("logout", { name });
        return tell(typeof revocation === "string", signedOut(revocation));
      }
      const operation = ({ "try-now": "retry", stop: "stop", start: "start", remove: "remove" } as const)[action];
      await this.host.call(operation, { name });
    });
  }

  /** A quiet refresh where that helps, else the browser: how it ended is shown where it was begun. */
  async signIn(name: string): Promise<void> {
    await this.#begin(name, { signingIn: { stage: "asking" } }, async (tell, show) => {
      const { sign_in: begun } = await this.host.call("reauthenticate", { name });
      if (!begun) return tell(true, "Signed in again; no browser was needed.");
      const waiting = { stage: "waiting", address: begun.authorization_url } as const;
      // Given up before there was anything to cancel.
      if (!show({ signingIn: waiting })) return this.cancel(name);
      show({ signingIn: await this.#open(waiting) });
      const { signed_in: well, reason } = await this.host.call("outcome", { name, flow: begun.flow });
      tell(well, well ? "Signed in." : sentence(reason ?? "The sign-in did not finish"));
    });
  }

  /** Opens the page of the sign-in that waits; one that was begun elsewhere is first taken up here. */
  async visit(name: string): Promise<void> {
    const signingIn = this.begun[name]?.signingIn;
    if (signingIn?.stage !== "waiting" || signingIn.address === null) return this.signIn(name);
    const opened = await this.#open({ stage: "waiting", address: signingIn.address });
    if (this.begun[name]?.signingIn === signingIn) this.begun = { ...this.begun, [name]: { signingIn: opened } };
  }

  /** Without a browser the address can still be opened by hand. */
  async #open(waiting: { stage: "waiting"; address: string }): Promise<SigningIn> {
    try {
      await this.host.open(waiting.address);
      return waiting;
    } catch (error) {
      return { ...waiting, trouble: describe(error) };
    }
  }

  async cancel(name: string): Promise<void> {
    if (this.begun[name]?.signingIn?.stage === "asking") {
      this.#newest.delete(name);
      this.begun = { ...this.begun, [name]: {} };
    }
    await this.#quietly(() => this.host.call("cancel_login", { name }));
  }

  /** Runs `errand`, and says at the workload what it told, or why it failed. */
  async #begin(
    name: string,
    first: Begun,
    errand: (tell: (well: boolean, text: string) => void, show: (begun: Begun) => boolean) => Promise<void>,
  ): Promise<void> {
    const turn = Symbol(name);
    this.#newest.set(name, turn);
    const show = (begun: Begun) => {
      const newest = this.#newest.get(name) === turn;
      if (newest) this.begun = { ...this.begun, [name]: begun };
      return newest;
    };
    let end: Begun = {};
    const tell = (well: boolean, text: string) => {
      end = { said: { well, text, at: this.now() } };
    };
    show(first);
    try {
      await errand(tell, show);
    } catch (error) {
      this.keyNeeded ||= error instanceof KeyNeeded;
      tell(false, describe(error));
    }
    show(end);
  }
}

/** Each row once, in the order of the journal, and no more than are shown. */
function together(one: Row[], other: Row[]): Row[] {
  const rows = new Map([...one, ...other].map((row) => [row.id, row]));
  return [...rows.values()].toSorted((a, b) => a.id - b.id).slice(-JOURNAL);
}

/** What went wrong, in a sentence or two. */
export function describe(error: unknown): string {
  if (error instanceof Refused) return explain(error.problem);
  return error instanceof Error ? sentence(error.message) : "That did not work.";
}
