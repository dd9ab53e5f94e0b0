// What a screen reader is told when something changes by itself: only changes of state, and each in one sentence.

import type { Snapshot } from "../contract";
import { lamp } from "./lamp";
import { labels, sentence } from "./words";

export function announce(before: Snapshot | null, after: Snapshot): string {
  if (!before) return "";
  const known = new Map(before.workloads.map((workload) => [workload.name, workload]));
  return after.workloads
    .filter((workload) => {
      const old = known.get(workload.name);
      return old && (old.status !== workload.status || lamp(old) !== lamp(workload));
    })
    .map(({ name, status, reason }) => {
      const why = reason && status !== "running" ? ` ${sentence(reason)}` : "";
      return `${name}: ${labels[status]}.${why}`;
    })
    .join(" ");
}
