// The time, for countdowns: moves once a second while somebody can see it, and not at all otherwise.

export class Ticking {
  now = $state(Date.now());

  /** Ticks until the function that it returns is called. */
  start(): () => void {
    let timer: ReturnType<typeof setInterval> | undefined;
    const tick = () => (this.now = Date.now());
    const look = () => {
      clearInterval(timer);
      if (document.visibilityState === "hidden") return;
      tick();
      timer = setInterval(tick, 1_000);
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }
}
