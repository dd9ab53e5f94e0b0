// Pictures of everything that the page can show, light and dark: npm run screenshots [-- -t NAME]

import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, it } from "vitest";
import { shots } from "./stage/shots";
import { Theatre, themes } from "./stage/theatre";

const folder = fileURLToPath(new URL("../screenshots/", import.meta.url));
let theatre: Theatre;

beforeAll(async () => {
  await mkdir(folder, { recursive: true });
  theatre = await Theatre.open();
});
afterAll(() => theatre?.close());

describe.each(themes)("in %s", (theme) => {
  it.each(shots)("$name", async (shot) => {
    const path = `${folder}${shot.name}-${theme}.png`;
    await theatre.show(shot, theme, (page) => page.screenshot({ path, animations: "disabled", caret: "hide" }));
  });
});
