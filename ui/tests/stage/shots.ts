// What to do on a staged page, and how to call what is seen then. Used for pictures and for accessibility alike.

import type { Page } from "playwright-core";

export interface Shot {
  name: string;
  scene: string;
  /** The place within the page. */
  at?: string;
  width?: number;
  height?: number;
  act?: (page: Page) => Promise<unknown>;
}

export const shots: Shot[] = [
  { name: "list", scene: "list" },
  { name: "list-narrow", scene: "list", width: 420, height: 940 },
  { name: "well", scene: "well" },
  { name: "troubles", scene: "troubles" },
  {
    name: "row",
    scene: "pair",
    at: "#/server/sentry",
    height: 840,
    act: (page) => page.getByText("What happened").waitFor(),
  },
  {
    name: "row-narrow",
    scene: "pair",
    at: "#/server/sentry",
    width: 420,
    height: 1060,
    act: (page) => page.getByText("What happened").waitFor(),
  },
  {
    name: "waiting-for-the-browser",
    scene: "list",
    async act(page) {
      await page.getByRole("region", { name: "Asked of you" }).getByRole("button").click();
      await page.getByText("Waiting for your browser…").waitFor();
    },
  },
  {
    name: "waiting-without-a-browser",
    scene: "no-browser",
    async act(page) {
      await page.getByRole("button", { name: "Open it here" }).click();
      await page.getByRole("alert").waitFor();
    },
  },
  {
    name: "remove",
    scene: "list",
    at: "#/server/notion",
    async act(page) {
      await page.getByRole("button", { name: "Remove…: notion" }).click();
      await page.getByRole("dialog").waitFor();
    },
  },
  { name: "offline", scene: "offline" },
  { name: "keychain-locked", scene: "locked" },
  { name: "empty", scene: "empty" },
  { name: "engine-away", scene: "away" },
  { name: "needs-key", scene: "needs-key" },
  {
    name: "add",
    scene: "add",
    at: "#/add",
    act: (page) => page.getByLabel("Address").fill("https://mcp.linear.app/mcp"),
  },
  {
    name: "add-more",
    scene: "add",
    at: "#/add",
    height: 1080,
    async act(page) {
      await page.getByLabel("Address").fill("https://mcp.linear.app/mcp");
      await page.getByText("More, if the server needs it").click();
    },
  },
  {
    name: "add-refused",
    scene: "add-refused",
    at: "#/add",
    act: (page) => add(page, "http://mcp.linear.app/mcp", "is for this machine only"),
  },
  {
    name: "add-unreachable",
    scene: "add-unreachable",
    at: "#/add",
    act: (page) => add(page, "https://mcp.linear.app/mcp", "could not be found"),
  },
  {
    name: "add-asks",
    scene: "add",
    at: "#/add",
    act: (page) => add(page, "https://mcp.linear.app/mcp", "Sign in with your browser"),
  },
  {
    name: "add-waiting",
    scene: "add",
    at: "#/add",
    async act(page) {
      await add(page, "https://mcp.linear.app/mcp", "Sign in with your browser");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("Waiting for your browser…").waitFor();
    },
  },
  {
    name: "add-signed-in",
    scene: "add-signed-in",
    at: "#/add",
    async act(page) {
      await add(page, "https://mcp.linear.app/mcp", "Sign in with your browser");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("Signed in.").waitFor();
    },
  },
  {
    name: "settings",
    scene: "pair",
    at: "#/settings",
    height: 900,
    act: (page) => page.getByText("config.toml", { exact: false }).first().waitFor(),
  },
  {
    name: "settings-narrow",
    scene: "pair",
    at: "#/settings",
    width: 420,
    height: 1100,
    act: (page) => page.getByText("config.toml", { exact: false }).first().waitFor(),
  },
];

async function add(page: Page, address: string, until: string): Promise<void> {
  await page.getByLabel("Address").fill(address);
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByText(until).waitFor();
}
