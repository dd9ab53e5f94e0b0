// Everything behind the page, real: an authorization server, an MCP server, the engine, a browser. Each on a port of
// its own, in a folder of its own; all of it ends with the test.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { executablePath, flags } from "../stage/theatre";

const top = fileURLToPath(new URL("../../../", import.meta.url));
const program = process.env["LAMPLIGHTER"] ?? join(top, "target/debug/lamplighter");

export class World {
  readonly #ends: (() => Promise<unknown>)[] = [];
  #control = "";
  #home = "";
  #engine: ChildProcess | undefined;
  #browser: Browser | undefined;
  /** The MCP server's address. */
  server = "";
  /** Where the engine serves its page. */
  origin = "";
  /** What the page's policy kept it from: nothing, or the policy does not fit the page. */
  readonly violations: string[] = [];

  /** An authorization server, an MCP server, and an engine that has no workload yet. */
  static async begin(): Promise<World> {
    const world = new World();
    try {
      const foreign = join(top, "tests/foreign");
      const ports = { PORT: "0" };
      const { issuer, control } = await world.#script(join(foreign, "authorization-server.mjs"), ports);
      world.#control = control!;
      world.server = (await world.#script(join(foreign, "mcp-server.mjs"), { ...ports, ISSUER: issuer! })).url!;
      world.#home = await mkdtemp(join(tmpdir(), "lamplighter-page-"));
      world.#ends.push(() => rm(world.#home, { recursive: true, force: true }));
      world.#browser = await chromium.launch({ executablePath, args: flags });
      world.#ends.push(() => world.#browser!.close());
      return world;
    } catch (error) {
      await world.end();
      throw error;
    }
  }

  /** Starts the engine; gives the one-time address that it prints. */
  async engine(listen = "127.0.0.1:0"): Promise<string> {
    const environment = {
      LAMPLIGHTER_HOME: this.#home,
      LAMPLIGHTER_LISTEN: listen,
      LAMPLIGHTER_SECRET_STORE: "memory",
      LAMPLIGHTER_TOKEN_REFRESH_MAX_TRIES: "1",
      LAMPLIGHTER_LOG: "warn",
    };
    this.#engine = spawn(program, ["serve"], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const engine = this.#engine;
    this.#ends.push(() => this.#stop(engine));
    const address = await line(engine, /http:\/\/\S+\/signin#\S+/);
    this.origin = new URL(address).origin;
    return address;
  }

  /** Gives a command on the command line; gives its exit code. */
  async run(...words: string[]): Promise<number | null> {
    const env = { ...process.env, LAMPLIGHTER_HOME: this.#home };
    const command = spawn(program, words, { env, stdio: ["ignore", "ignore", "inherit"] });
    this.#ends.push(() => this.#stop(command));
    await once(command, "exit");
    return command.exitCode;
  }

  async stopEngine(): Promise<void> {
    if (this.#engine) await this.#stop(this.#engine);
  }

  /** A browser of its own, at `address`. */
  async visit(address: string, theme: "light" | "dark" = "light", width = 880): Promise<Page> {
    const context = await this.#browser!.newContext({
      colorScheme: theme,
      viewport: { width, height: 720 },
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const page = await context.newPage();
    page.on("console", (message) => {
      if (/content security policy/i.test(message.text())) this.violations.push(message.text());
    });
    await page.goto(address);
    return page;
  }

  /** What befalls the authorization server; see its script. */
  async control(query: string): Promise<void> {
    const answer = await fetch(`${this.#control}/__control?${query}`, { method: "POST" });
    if (!answer.ok) throw new Error(`the authorization server does not know ${query}`);
  }

  async end(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
  }

  async #script(path: string, environment: Record<string, string>): Promise<Record<string, string>> {
    const script = spawn(process.execPath, [path], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#ends.push(() => this.#stop(script));
    return JSON.parse(await line(script, /\{.*\}/)) as Record<string, string>;
  }

  async #stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  }
}

/** What `child` prints that looks like `wanted`. */
async function line(child: ChildProcess, wanted: RegExp): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const found = wanted.exec(line)?.[0];
    if (found) return found;
  }
  throw new Error(`${child.spawnfile} ended without saying ${wanted}`);
}

/** The page that `act` opens beside the present one, once it has arrived where a sign-in ends. */
export async function arrived(context: BrowserContext, act: () => Promise<unknown>): Promise<Page> {
  const [opened] = await Promise.all([context.waitForEvent("page"), act()]);
  await opened.waitForURL(/\/callback/);
  return opened;
}
