// A person's day with the page: the first server, an outage, an ended login, settings, and a restart of the engine.

import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { overflow, violations } from "../accessibility";
import { arrived, World } from "./world";

let world: World;
let page: Page;

beforeAll(async () => {
  world = await World.begin();
});
afterAll(() => world?.end());

const row = () => page.getByRole("listitem").filter({ has: page.getByRole("button", { name: "local", exact: true }) });
const asked = () => page.getByRole("region", { name: "Asked of you" }).getByRole("button");
const button = (name: string) => page.getByRole("button", { name, exact: true });
const state = (label: string) => row().getByText(label, { exact: true }).waitFor();
const accessible = async () => expect(await violations(page)).toEqual([]);

describe("the way in", () => {
  it("is closed without a key, and says where there is one", async () => {
    const address = await world.engine();
    page = await world.visit(world.origin);
    await page.getByText("lamplighter open").waitFor();
    await accessible();
    await page.context().close();
    page = await world.visit(address);
  });

  it("is a one-time address, of which nothing stays behind", async () => {
    await page.getByRole("heading", { name: "No server yet" }).waitFor();
    expect(page.url()).toBe(`${world.origin}/`);
    await accessible();
  });

  it("has the lamp for an icon, by the address that it names itself", async () => {
    const icon = await page.locator("link[rel=icon]").evaluate((link) => (link as HTMLLinkElement).href);
    const answer = await page.request.get(icon);
    expect([answer.status(), answer.headers()["content-type"]]).toEqual([200, "image/svg+xml"]);
    expect(answer.headers()["content-security-policy"]).toContain("img-src 'self'");
  });

  it("stays open over a reload", async () => {
    await page.reload();
    await page.getByRole("heading", { name: "No server yet" }).waitFor();
  });
});

describe("the first server", () => {
  it("with an address that is none is told at its field", async () => {
    await button("Add your first server").click();
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("INPUT");
    await page.getByLabel("Address").fill("ftp://example.com");
    await button("Add").click();
    const field = page.getByLabel("Address");
    await expect.poll(() => field.getAttribute("aria-invalid")).toBe("true");
    expect(await field.evaluate((input) => input === document.activeElement)).toBe(true);
    await accessible();
  });

  it("is named after its host, and says what it asks for", async () => {
    await page.getByLabel("Address").fill(world.server);
    expect(await page.getByLabel("Name").inputValue()).toBe("local");
    await button("Add").click();
    await page.getByText(`${new URL(world.server).host} asks for a sign-in`, { exact: false }).waitFor();
    await page.getByText("mcp:tools", { exact: false }).waitFor();
    await accessible();
  });

  it("is signed in to with the browser", async () => {
    const callback = await arrived(page.context(), () => button("Sign in").click());
    await callback.close();
    await page.getByText("Signed in.").waitFor();
    expect(await page.getByText(`${world.origin}/local/mcp`).count()).toBe(1);
    await accessible();
  });

  it("is in the list then, lit, with its day", async () => {
    await button("Done").click();
    await state("running");
    await row()
      .getByRole("img", { name: /^The last 24 hours/ })
      .waitFor();
    await row().getByText("A sign-in succeeded.").waitFor();
    await accessible();
  });

  it("gives its address to take along", async () => {
    await button("Copy the address of local").click();
    await row().getByText("Copied").first().waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`${world.origin}/local/mcp`);
  });
});

describe("an outage", () => {
  it("is tried again by itself, and says why and when", async () => {
    await world.control("outage=forbidden");
    await row().getByRole("button", { name: "Try now: local" }).click();
    await state("trying again");
    await row().getByText("A firewall answered instead of the sign-in server.").first().waitFor();
    await row()
      .getByText(/^next try in \d+:\d\d$/)
      .first()
      .waitFor();
    await accessible();
  });

  it("is over as soon as a try succeeds", async () => {
    await world.control("outage=none");
    await row().getByRole("button", { name: "Try now: local" }).first().click();
    await state("running");
  });
});

describe("a login that the server ended", () => {
  it("asks for the one thing that helps", async () => {
    await world.control("revoke=all");
    await row().getByRole("button", { name: "Try now: local" }).click();
    await state("sign-in needed");
    await page.getByText("local needs you to sign in.").waitFor();
    await accessible();
  });

  it("that the person does not renew says so where it was asked", async () => {
    await world.control("person=deny");
    const callback = await arrived(page.context(), () => asked().click());
    await callback.close();
    await row().getByRole("alert").waitFor();
    await state("sign-in needed");
  });

  it("can be cancelled while the browser is open", async () => {
    await page.context().route(/\/auth\?/, (route) => route.fulfill({ body: "Who are you?" }));
    const [opened] = await Promise.all([page.context().waitForEvent("page"), asked().click()]);
    await row().getByText("Waiting for your browser…").waitFor();
    await accessible();
    await row().getByRole("button", { name: "Cancel: signing in to local" }).click();
    await row().getByRole("alert").waitFor();
    await opened.close();
    await page.context().unroute(/\/auth\?/);
  });

  it("is renewed with one click", async () => {
    await world.control("person=allow");
    const callback = await arrived(page.context(), () => asked().click());
    await callback.close();
    await state("running");
  });
});

it("opens a sign-in that was begun elsewhere, and leaves its end to both", async () => {
  const login = world.run("login", "local", "--no-browser");
  await row().getByText("Waiting for your browser…").waitFor();
  const here = row().getByRole("button", { name: "Open it here" });
  const callback = await arrived(page.context(), () => here.click());
  await callback.close();
  await row().getByText("Signed in.", { exact: true }).waitFor();
  expect(await login).toBe(0);
});

describe("settings", () => {
  it("are reached, and hold at once", async () => {
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByRole("heading", { name: "Settings" }).waitFor();
    await page.getByRole("radio", { name: "Dark" }).check();
    await expect.poll(() => page.locator("html").getAttribute("data-theme")).toBe("dark");
    await accessible();
  });

  it("say where a value comes from, and what is wrong with a new one", async () => {
    await page.getByText("fixed by LAMPLIGHTER_TOKEN_REFRESH_MAX_TRIES").waitFor();
    const tick = page.getByLabel("Then try again every");
    await tick.fill("soon");
    await tick.press("Enter");
    await page.getByRole("alert").waitFor();
    await accessible();
    await tick.fill("7m");
    await tick.press("Enter");
    await page.getByText("set in config.toml; the default is 10m").waitFor();
    await button("Reset: Then try again every").click();
    await expect.poll(() => tick.inputValue()).toBe("10m");
  });
});

describe("by keyboard", () => {
  it("a row opens and closes, and the way back is Escape", async () => {
    await page.keyboard.press("Escape");
    const head = button("local");
    await head.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "What happened" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("heading", { name: "What happened" }).waitFor({ state: "detached" });
    expect(await head.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  it("a question is asked before a server goes, and the focus comes back", async () => {
    await page.keyboard.press("Enter");
    const remove = row().getByRole("button", { name: "Remove…: local" });
    await remove.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await accessible();
    expect(await button("Keep it").evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await remove.evaluate((element) => element === document.activeElement)).toBe(true);
  });
});

it("fits into a narrow window", async () => {
  await page.setViewportSize({ width: 420, height: 720 });
  expect(await overflow(page)).toBe(0);
  await accessible();
});

describe("an engine that goes away", () => {
  it("is said to be away", async () => {
    await world.stopEngine();
    await page.getByText("Lamplighter does not answer", { exact: false }).waitFor();
  });

  it("takes no old key when it is back", async () => {
    await world.engine(new URL(world.origin).host);
    await page.getByRole("heading", { name: "This page needs a key" }).waitFor();
  });

  it("is used again with a new address, until the last server is removed", async () => {
    await page.goto(await restart());
    await button("local").click();
    await row().getByRole("button", { name: "Remove…: local" }).click();
    await button("Remove").click();
    await page.getByRole("heading", { name: "No server yet" }).waitFor();
  });

  async function restart(): Promise<string> {
    await world.stopEngine();
    return world.engine(new URL(world.origin).host);
  }
});

it("leads to a simulated server, where there is no real one to try", async () => {
  await button("Try it with a simulated one").click();
  await button("Add").click();
  await page.getByRole("listitem").getByText("asks for a sign-in", { exact: false }).waitFor();
  const [opened] = await Promise.all([page.context().waitForEvent("page"), button("Sign in").click()]);
  await opened.getByRole("link", { name: "Approve" }).click();
  await opened.close();
  await page.getByText("Signed in.").waitFor();
});

it("never ran into its own policy", () => expect(world.violations).toEqual([]));
