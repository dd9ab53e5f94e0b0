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

describe.each(themes)("in %s", (theme) => {
  it.each(shots)("$name is accessible and fits", async (shot) => {
    const found = await theatre.show(shot, theme, async (page) => [await overflow(page), await violations(page)]);
    expect(found).toEqual([0, []]);
  });
});
