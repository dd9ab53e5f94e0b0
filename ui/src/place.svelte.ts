// Where in the page one is, kept in the address after `#`: going back works, and a reload stays.

import type { Place } from "./host";

const SERVER = "#/server/";

/** The address of a place. */
export function href({ workload, screen }: Place): string {
  if (screen) return `#/${screen}`;
  return workload ? SERVER + workload : "#/";
}

/** The place of an address; an unknown one is the list. */
export function placeOf(hash: string): Place {
  if (hash === "#/add") return { screen: "add" };
  if (hash === "#/settings") return { screen: "settings" };
  return hash.startsWith(SERVER) ? { workload: hash.slice(SERVER.length) } : {};
}

export class Here {
  place = $state.raw<Place>(placeOf(location.hash));

  /** Follows the address until the function that it returns is called. */
  follow(): () => void {
    const look = () => (this.place = placeOf(location.hash));
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }

  /** Where one is already, one arrives anew. */
  go(place: Place): void {
    if (location.hash === href(place)) this.place = { ...place };
    else location.hash = href(place);
  }
}
