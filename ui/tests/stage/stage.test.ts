// Every staged page, light and dark: nothing that axe objects to, nothing that does not fit.

import { expect, it } from "vitest";
import { overflow, violations } from "../accessibility";
import { shots } from "./shots";
import { theatre } from "./theatre";

it("is accessible and fits, whatever it shows", { timeout: 300_000 }, async () => {
  const found: string[] = [];
  await theatre(async (show) => {
    for (const shot of shots) {
      for (const theme of ["light", "dark"] as const) {
        const page = await show(shot, theme);
        const wide = await overflow(page);
        if (wide > 0) found.push(`${shot.name} ${theme}: ${wide} pixels too wide`);
        found.push(...(await violations(page)).map((violation) => `${shot.name} ${theme}: ${violation}`));
        await page.context().close();
      }
    }
  });
  expect(found).toEqual([]);
});
