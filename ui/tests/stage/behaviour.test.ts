// What the page does by itself: counts, speaks, keeps the focus, goes where it is sent.

import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Settings, Snapshot } from "../../src/contract";
import type { Place } from "../../src/host";
import { ended, settings, snapshot, workload } from "./samples";
import type { Staged } from "./host";
import { Theatre } from "./theatre";

let theatre: Theatre;

beforeAll(async () => {
  theatre = await Theatre.open();
});
afterAll(() => theatre?.close());

const on = (scene: string, look: (page: Page) => Promise<void>) => () =>
  theatre.show({ name: scene, scene }, "light", look);

/** The scripted engine in the page. */
type InPage = Window & { host: Staged };
const say = (page: Page, value: Snapshot) =>
  page.evaluate((value) => (window as unknown as InPage).host.say.snapshot(value), value);
const send = (page: Page, place: Place) =>
  page.evaluate((place) => (window as unknown as InPage).host.send(place), place);

/** From here on the engine hears what it is asked, and answers nothing. */
const silence = (page: Page) =>
  page.evaluate(() => {
    const { host } = window as unknown as InPage;
    host.call = (operation) => {
      host.asked.push({ operation, parameters: {}, body: undefined });
      return new Promise(() => {});
    };
  });

/** How often the engine was asked for `operation`. */
const times = (page: Page, operation: string) =>
  page.evaluate(
    (operation) => (window as unknown as InPage).host.asked.filter((asked) => asked.operation === operation).length,
    operation,
  );

const focused = (page: Page) =>
  page.evaluate(
    () => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent?.trim(),
  );

it(
  "counts down while somebody looks",
  on("list", async (page) => {
    await page.getByText("next try in 6:12").waitFor();
    await page.clock.setFixedTime(new Date("2026-11-21T14:30:05Z"));
    await page.getByText("next try in 6:07").waitFor();
  }),
);

it(
  "tells a reader of the screen what changed, and only that",
  on("well", async (page) => {
    const voice = page.locator("[aria-live=polite].unseen");
    expect(await voice.textContent()).toBe("");
    await say(page, snapshot([workload("notion"), ended("linear"), workload("sentry")]));
    await expect.poll(() => voice.textContent()).toBe("linear: sign-in needed. The server ended this login.");
    expect(await page.title()).toBe("! Lamplighter");
  }),
);

it(
  "goes from row to row with the arrow keys",
  on("list", async (page) => {
    await page.getByRole("button", { name: "linear", exact: true }).focus();
    await page.keyboard.press("ArrowDown");
    expect(await focused(page)).toBe("sentry");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    expect(await focused(page)).toBe("linear");
  }),
);

it(
  "takes the focus along to the row where a sign-in goes on",
  on("list", async (page) => {
    await page.getByRole("region", { name: "Asked of you" }).getByRole("button").focus();
    await page.keyboard.press("Enter");
    await page.getByText("Waiting for your browser…").waitFor();
    expect(await focused(page)).toBe("linear");
  }),
);

it(
  "does not drop the focus when a button gives way to what it began",
  on("list", async (page) => {
    const row = page.getByRole("listitem").filter({ hasText: "mcp.linear.app" });
    await row.getByRole("button", { name: "Sign in: linear" }).focus();
    await page.keyboard.press("Enter");
    await row.getByText("Waiting for your browser…").waitFor();
    await expect.poll(() => focused(page)).toBe("Cancel: signing in to linear");
  }),
);

it(
  "does not drop the focus when the row that has it is closed",
  on("list", async (page) => {
    await page.getByRole("button", { name: "sentry", exact: true }).click();
    await page.getByRole("button", { name: "Stop: sentry" }).focus();
    await page.keyboard.press("Escape");
    await expect.poll(() => focused(page)).toBe("sentry");
  }),
);

it(
  "goes where it is sent, and begins there",
  on("list", async (page) => {
    await send(page, { workload: "notion" });
    await page.getByRole("heading", { name: "What happened" }).waitFor();
    expect(await focused(page)).toBe("notion");
    await send(page, { screen: "settings" });
    await page.getByRole("heading", { name: "Settings" }).waitFor();
    await expect.poll(() => focused(page)).toBe("Settings");
    await page.goBack();
    await page.getByRole("heading", { name: "What happened" }).waitFor();
  }),
);

it(
  "goes anew to where it is already",
  on("list", async (page) => {
    await send(page, { workload: "notion" });
    await expect.poll(() => focused(page)).toBe("notion");
    await page.setViewportSize({ width: 880, height: 320 });
    await page.getByRole("link", { name: "Settings" }).focus();
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    await send(page, { workload: "notion" });
    await expect.poll(() => focused(page)).toBe("notion");
    await page
      .getByRole("button", { name: "notion", exact: true })
      .evaluate(
        (head) =>
          new Promise<void>((seen) =>
            new IntersectionObserver(([entry]) => entry!.isIntersecting && seen()).observe(head),
          ),
      );
  }),
);

it(
  "gives the address of a sign-in that was begun elsewhere, where no browser can be opened",
  on("list", async (page) => {
    await say(page, snapshot([ended("linear", { signing_in: true })]));
    await page.getByText("Waiting for your browser…").waitFor();
    await page.getByRole("button", { name: "Open it here" }).click();
    await page.getByRole("button", { name: "Open it again" }).waitFor();
    expect(await page.evaluate(() => (window as unknown as InPage).host.opened)).toEqual([
      "https://auth.example/authorize",
    ]);
    const address = page.getByText("https://auth.example/authorize");
    expect(await address.isVisible()).toBe(false);
    await page.evaluate(() => {
      (window as unknown as InPage).host.open = () => Promise.reject(new Error("no browser could be opened"));
    });
    await page.getByRole("button", { name: "Open it again" }).click();
    await page.getByRole("alert").waitFor();
    await address.waitFor();
    await page.getByRole("button", { name: "Copy the sign-in address of linear" }).click();
    expect(await page.evaluate(() => (window as unknown as InPage).host.copied)).toEqual([
      "https://auth.example/authorize",
    ]);
  }),
);

it(
  "is drawn as the settings ask, whatever the system prefers",
  on("list", async (page) => {
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    const dark: Settings = { ...settings, desktop: { ...settings.desktop, theme: "dark" } };
    await page.evaluate((dark) => {
      const { host } = window as unknown as InPage;
      host.call = async () => dark as never;
    }, dark);
    await send(page, { screen: "settings" });
    await expect.poll(ground).not.toBe(light);
  }),
);

it(
  "keeps what was typed into the form while the engine speaks",
  on("add", async (page) => {
    await send(page, { screen: "add" });
    await page.getByLabel("Address").fill("https://mcp.example.com/mcp");
    await say(page, snapshot([ended("linear")]));
    expect(await page.getByLabel("Address").inputValue()).toBe("https://mcp.example.com/mcp");
  }),
);

it(
  "keeps what was typed into the form over the way back, until it is given up",
  on("add", async (page) => {
    await send(page, { screen: "add" });
    await page.getByLabel("Address").fill("https://mcp.example.com/mcp");
    await page.getByText("More, if the server needs it").click();
    await page.getByLabel("Client id").fill("mine");
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Add server" }).click();
    expect(await page.getByLabel("Address").inputValue()).toBe("https://mcp.example.com/mcp");
    expect(await page.getByLabel("Client id").inputValue()).toBe("mine");
    expect(await page.getByLabel("Client id").isVisible()).toBe(true);
    await page.getByLabel("Address").fill("https://mcp.other.example/mcp");
    expect(await page.getByLabel("Name").inputValue()).toBe("other");
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("link", { name: "Add server" }).click();
    expect(await page.getByLabel("Address").inputValue()).toBe("");
  }),
);

it(
  "begins a form anew once a server is added, and goes on with it where that is taken back",
  on("add-unreachable", async (page) => {
    await send(page, { screen: "add" });
    await page.getByLabel("Address").fill("https://mcp.linear.app/mcp");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("button", { name: "Remove it and start over" }).click();
    expect(await page.getByLabel("Address").inputValue()).toBe("https://mcp.linear.app/mcp");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("button", { name: "Keep it" }).click();
    await page.getByRole("link", { name: "Add server" }).click();
    expect(await page.getByLabel("Address").inputValue()).toBe("");
  }),
);

it(
  "leaves Escape to an input method that composes",
  on("add", async (page) => {
    await send(page, { screen: "add" });
    const escape = (how: { isComposing?: boolean; keyCode?: number }) =>
      page.evaluate((how) => {
        const key = new KeyboardEvent("keydown", { ...how, key: "Escape", bubbles: true });
        document.activeElement!.dispatchEvent(key);
      }, how);
    await escape({ isComposing: true });
    await escape({ keyCode: 229 });
    expect(new URL(page.url()).hash).toBe("#/add");
    await escape({});
    expect(new URL(page.url()).hash).toBe("#/");
  }),
);

it(
  "does not drop the focus while a server is looked at, and asks once",
  on("add", async (page) => {
    await send(page, { screen: "add" });
    await silence(page);
    await page.getByLabel("Address").fill("https://mcp.example.com/mcp");
    await page.getByRole("button", { name: "Add", exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Looking at mcp.example.com…" }).waitFor();
    expect(await focused(page)).toBe("Looking at mcp.example.com…");
    await page.keyboard.press("Enter");
    expect(await times(page, "add")).toBe(1);
  }),
);

it(
  "does not drop the focus while a simulated server starts, and asks once",
  on("empty", async (page) => {
    await silence(page);
    await page.getByRole("button", { name: "Try it with a simulated one" }).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    expect(await focused(page)).toBe("Try it with a simulated one");
    expect(await times(page, "simulated_server")).toBe(1);
  }),
);

it(
  "leads from nothing to a simulated server",
  on("empty", async (page) => {
    await page.evaluate(() => {
      const { host } = window as unknown as InPage;
      host.call = async () => ({ url: "http://127.0.0.1:9/mcp" }) as never;
    });
    await page.getByRole("button", { name: "Try it with a simulated one" }).click();
    await expect.poll(() => page.getByLabel("Address").inputValue()).toBe("http://127.0.0.1:9/mcp");
    expect(await page.getByLabel("Name").inputValue()).toBe("simulated");
  }),
);

it(
  "moves nothing for those who want no motion",
  on("list", async (page) => {
    await say(page, snapshot([workload("a", { status: "auth_retrying", next_attempt_at: "2026-11-21T14:30:00Z" })]));
    await page.getByText("trying now").waitFor();
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    await page.emulateMedia({ reducedMotion: "no-preference" });
    await expect.poll(() => page.evaluate(() => document.getAnimations().length)).toBe(1);
  }),
);

it("shows whether it starts at login as that is when somebody looks", () =>
  theatre.show({ name: "settings", scene: "pair", at: "#/settings" }, "light", async (page) => {
    const start = page.getByRole("switch", { name: "Start at login" });
    await expect.poll(() => start.isChecked()).toBe(true);
    await page.evaluate(() => {
      (window as unknown as InPage).host.autostart!.read = async () => false;
      window.dispatchEvent(new Event("focus"));
    });
    await expect.poll(() => start.isChecked()).toBe(false);
  }));
