// Pictures of everything that the page can show, light and dark.

import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { it } from "vitest";
import { shots } from "./stage/shots";
import { theatre } from "./stage/theatre";

const folder = fileURLToPath(new URL("../screenshots/", import.meta.url));

it("are taken", { timeout: 300_000 }, async () => {
  await mkdir(folder, { recursive: true });
  await theatre(async (show) => {
    for (const shot of shots) {
      for (const theme of ["light", "dark"] as const) {
        const page = await show(shot, theme);
        await page.screenshot({ path: `${folder}${shot.name}-${theme}.png`, fullPage: true, animations: "disabled" });
        await page.context().close();
      }
    }
  });
});
