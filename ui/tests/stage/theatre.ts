// Puts staged pages on in a real Chromium: serves them, stops their clock, goes to a shot, lets go of everything.

import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { createServer, type ViteDevServer } from "vite";
import type { Shot } from "./shots";

export const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
export const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
export const themes = ["light", "dark"] as const;

const NOW = new Date("2026-11-21T14:30:00Z");

export class Theatre {
  private constructor(
    readonly server: ViteDevServer,
    readonly browser: Browser,
  ) {}

  static async open(): Promise<Theatre> {
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const server = await createServer({ root, logLevel: "warn", server: { port: 0, host: "127.0.0.1" } });
    await server.listen();
    return new Theatre(server, await chromium.launch({ executablePath, args: flags }));
  }

  /** Has `look` see the page at `shot`. */
  async show<T>(shot: Shot, theme: (typeof themes)[number], look: (page: Page) => Promise<T>): Promise<T> {
    const context = await this.browser.newContext({
      viewport: { width: shot.width ?? 880, height: shot.height ?? 720 },
      colorScheme: theme,
      locale: "en-GB",
      timezoneId: "UTC",
      reducedMotion: "reduce",
    });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.clock.setFixedTime(NOW);
    const { port } = this.server.httpServer!.address() as AddressInfo;
    await page.goto(`http://127.0.0.1:${port}/tests/stage/index.html?scene=${shot.scene}${shot.at ?? ""}`);
    await page.getByRole("heading").first().waitFor();
    await shot.act?.(page);
    const seen = await look(page);
    await context.close();
    return seen;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.close();
  }
}
