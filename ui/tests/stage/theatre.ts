// Puts staged pages on in a real Chromium: serves them, stops their clock, goes to a shot, lets go of everything.

import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "playwright-core";
import { createServer } from "vite";
import type { Shot } from "./shots";

export const flags = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const NOW = new Date("2026-11-21T14:30:00Z");

type Show = (shot: Shot, theme: "light" | "dark") => Promise<Page>;

export async function theatre(play: (show: Show) => Promise<void>): Promise<void> {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const server = await createServer({ root, logLevel: "warn", server: { port: 0, host: "127.0.0.1" } });
  await server.listen();
  const { port } = server.httpServer!.address() as AddressInfo;
  const browser = await chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: flags });
  try {
    await play(async (shot, theme) => {
      const context = await browser.newContext({
        viewport: { width: shot.width ?? 880, height: 640 },
        colorScheme: theme,
        locale: "en-GB",
        timezoneId: "UTC",
        reducedMotion: "reduce",
      });
      const page = await context.newPage();
      page.setDefaultTimeout(10_000);
      await page.clock.setFixedTime(NOW);
      await page.goto(`http://127.0.0.1:${port}/tests/stage/index.html?scene=${shot.scene}${shot.at ?? ""}`);
      await page.getByRole("heading").first().waitFor();
      await shot.act?.(page);
      return page;
    });
  } finally {
    await browser.close();
    await server.close();
  }
}
