// The settings as values: how each token time is named, and where its value comes from.

import type { Settings, TokenSetting } from "../contract";

export interface TimeView {
  key: string;
  label: string;
  /** As it is typed; empty where a rule stands in for a value. */
  value: string;
  /** Where the value comes from, and what it would be otherwise. */
  origin: string;
  /** Set by the environment: cannot be changed here. */
  fixed: boolean;
  /** Whether there is something to go back from. */
  changed: boolean;
}

/** `5`, `90s`, `1h30m`; and no sentence. */
const TYPED = /^\w+$/;

const labels: Record<string, string> = {
  refresh_initial_retry_interval: "First wait after a failed renewal",
  refresh_max_retry_interval: "Longest wait between quick tries",
  refresh_max_tries: "Quick tries",
  refresh_max_elapsed_time: "Time for quick tries",
  auth_retrying_tick_interval: "Then try again every",
  auth_retrying_max_elapsed: "Give up after",
  refresh_margin: "Renew ahead of expiry by",
  caller_wait: "A client waits for a renewal",
  trigger_settle: "Settle after waking",
};

export function times(settings: Settings): TimeView[] {
  return settings.token.map((setting) => ({
    key: setting.key,
    label: labels[setting.key] ?? setting.key.replaceAll("_", " "),
    value: TYPED.test(setting.value) ? setting.value : "",
    origin: origin(setting),
    fixed: setting.source === "environment",
    changed: setting.source === "file",
  }));
}

function origin({ source, variable, value, default: usual }: TokenSetting): string {
  switch (source) {
    case "default":
      return TYPED.test(value) ? "default" : `default: ${value}`;
    case "file":
      return `set in config.toml; the default is ${usual}`;
    case "environment":
      return `fixed by ${variable}`;
  }
}

/** The places of files, named as people look for them. */
export function files(settings: Settings): { label: string; path: string }[] {
  const { config, journal, log, engine } = settings.files;
  return [
    { label: "Settings", path: config },
    { label: "Journal", path: journal },
    { label: "Log", path: log },
    { label: "Running engine", path: engine },
  ];
}
