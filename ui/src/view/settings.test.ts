import { expect, it } from "vitest";
import { settings } from "../../tests/stage/samples";
import { files, times } from "./settings";

const time = (key: string) => times(settings).find((time) => time.key === key);

it("says of each time where it comes from", () => {
  expect(time("refresh_max_tries")).toMatchObject({ value: "5", origin: "default", fixed: false, changed: false });
  expect(time("auth_retrying_tick_interval")).toMatchObject({
    value: "5m",
    origin: "set in config.toml; the default is 10m",
    fixed: false,
    changed: true,
  });
  expect(time("caller_wait")).toMatchObject({
    origin: "fixed by LAMPLIGHTER_TOKEN_CALLER_WAIT",
    fixed: true,
    changed: false,
  });
});

it("names every time in words", () => {
  expect(times(settings).filter(({ label }) => label.includes("_"))).toEqual([]);
  const unknown = { ...settings, token: [{ ...settings.token[0]!, key: "something_new" }] };
  expect(times(unknown)[0]!.label).toBe("something new");
});

it("says where files are", () => {
  expect(files(settings).map(({ path }) => path)).toEqual(Object.values(settings.files));
});
