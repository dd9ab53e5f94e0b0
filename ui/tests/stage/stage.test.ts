// Every staged page, light and dark: nothing that axe objects to, nothing that does not fit.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { overflow, violations } from "../accessibility";
import { shots } from "./shots";
import { Theatre, themes } from "./theatre";

let theatre: Theatre;

beforeAll(async () => {
  theatre = await Theatre.open();
});
afterAll(() => theatre?.close());

it("is seen where a target is too small", async () => {
  const found = await theatre.show({ name: "well", scene: "well" }, "light", async (page) => {
    const small = '<button style="all: unset; width: 9px; height: 9px" aria-label="Small"></button>';
    await page.locator("main").evaluate((main, small) => main.insertAdjacentHTML("beforeend", small + small), small);
    return violations(page);
  });
  expect(found).toContainEqual(expect.stringMatching(/^target-size/));
});

describe.each(themes)("in %s", (theme) => {
  it.each(shots)("$name is accessible and fits", async (shot) => {
    const found = await theatre.show(shot, theme, async (page) => [await overflow(page), await violations(page)]);
    expect(found).toEqual([0, []]);
  });
});
